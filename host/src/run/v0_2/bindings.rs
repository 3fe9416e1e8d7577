//! What wasmtime generates from the WIT text of the contract.

wasmtime::component::bindgen!({
    path: "wit",
    world: "authenticator-plugin",
    imports: {
        "dropins:client-auth/clients": async | trappable,
        "dropins:client-auth/keys.candidates": async | trappable,
        "dropins:client-auth/keys.of-issuer": async | trappable,
        default: trappable,
    },
    exports: { default: async },
    with: { "dropins:client-auth/keys.public-key": super::key_handle::KeyHandle },
});
