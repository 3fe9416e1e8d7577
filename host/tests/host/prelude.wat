;; The core module of every fixture. `fixtures.rs` replaces the names in braces; a fixture supplies the
;; bodies of the exports, each of which may use its parameters by name and the local $i.
;;
;;   0..128      $nothing: zeros, which read as `none`, as an empty list and as `false`
;;   128..256    $answer: where imports put their results
;;   1024..      what the plug-in says about itself, and its ready-made outcomes
(module
  {imports}
  (memory (export "memory") {pages})
  (global $nothing i32 (i32.const 0))
  (global $answer i32 (i32.const 128))
  (global $description i32 (i32.const {description}))
  (global $authenticated i32 (i32.const {authenticated}))
  (global $once i32 (i32.const {once}))
  (global $unclaimed i32 (i32.const {unclaimed}))
  (global $rejected i32 (i32.const {rejected}))
  (global $unavailable i32 (i32.const {unavailable}))
  (global $client i32 (i32.const {client}))
  (global $client_len i32 (i32.const {client_len}))
  (global $text i32 (i32.const {text}))
  (global $text_len i32 (i32.const {text_len}))
  (global $heap (mut i32) (i32.const {heap}))
  (data (i32.const 1024) "{image}")

  ;; Never frees: an instance serves one request.
  (func (export "cabi_realloc") (param $old i32) (param $old_size i32) (param $align i32) (param $size i32) (result i32)
    (local $at i32)
    (local.set $at (i32.and
      (i32.add (global.get $heap) (i32.sub (local.get $align) (i32.const 1)))
      (i32.sub (i32.const 0) (local.get $align))))
    (global.set $heap (i32.add (local.get $at) (local.get $size)))
    (local.get $at))

  ;; Whether the first form parameter, or else the first header, is the garbage of a canary: what tests send is short.
  (func $is_garbage (param $form i32) (param $form_len i32) (param $headers i32) (param $headers_len i32) (result i32)
    (if (local.get $form_len)
      (then (return (i32.gt_u (i32.load offset=12 (local.get $form)) (i32.const {longest})))))
    (if (local.get $headers_len)
      (then (return (i32.gt_u (i32.load offset=12 (local.get $headers)) (i32.const {longest})))))
    (i32.const 0))

  {functions}

  (func (export "dropins:client-auth/client-authenticator@{version}#describe") (result i32)
    (local $i i32)
    {describe})

  (func (export "dropins:client-auth/client-authenticator@{version}#check-config")
    (param $properties i32) (param $properties_len i32) (result i32)
    (local $i i32)
    {check_config})

  (func (export "dropins:client-auth/client-authenticator@{version}#algorithms")
    (param $properties i32) (param $properties_len i32) (result i32)
    (global.get $nothing))

  (func $claims (export "dropins:client-auth/client-authenticator@{version}#can-authenticate")
    (param $properties i32) (param $properties_len i32)
    (param $endpoint i32) (param $endpoint_len i32) (param $issuer i32) (param $issuer_len i32)
    (param $token_endpoint i32) (param $token_endpoint_len i32)
    (param $form i32) (param $form_len i32) (param $headers i32) (param $headers_len i32)
    (param $now i64) (result i32)
    (local $i i32)
    (if (call $is_garbage (local.get $form) (local.get $form_len) (local.get $headers) (local.get $headers_len))
      (then (return (i32.const 1))))
    {can_authenticate})

  (func (export "dropins:client-auth/client-authenticator@{version}#client-id")
    (param $endpoint i32) (param $endpoint_len i32) (param $issuer i32) (param $issuer_len i32)
    (param $token_endpoint i32) (param $token_endpoint_len i32)
    (param $form i32) (param $form_len i32) (param $headers i32) (param $headers_len i32)
    (param $now i64) (result i32)
    (local $i i32)
    {client_id})

  (func (export "dropins:client-auth/client-authenticator@{version}#authenticate")
    (param $properties i32) (param $properties_len i32)
    (param $endpoint i32) (param $endpoint_len i32) (param $issuer i32) (param $issuer_len i32)
    (param $token_endpoint i32) (param $token_endpoint_len i32)
    (param $form i32) (param $form_len i32) (param $headers i32) (param $headers_len i32)
    (param $now i64) (result i32)
    (local $i i32)
    (if (call $is_garbage (local.get $form) (local.get $form_len) (local.get $headers) (local.get $headers_len))
      (then (return (global.get $rejected))))
    (if (i32.eqz (call $claims (local.get $properties) (local.get $properties_len)
          (local.get $endpoint) (local.get $endpoint_len) (local.get $issuer) (local.get $issuer_len)
          (local.get $token_endpoint) (local.get $token_endpoint_len)
          (local.get $form) (local.get $form_len) (local.get $headers) (local.get $headers_len) (local.get $now)))
      (then (return (global.get $unclaimed))))
    {authenticate})
)
