//! Questions and answers as `external_auth.proto` numbers them, byte by byte.

use prost::Message as _;

use super::*;

/// A field of a protobuf message with a length.
fn field(number: u8, content: &[u8]) -> Vec<u8> {
    let mut bytes = vec![number << 3 | 2];
    let mut length = content.len();
    while length > 0x7f {
        bytes.push(u8::try_from(length & 0x7f).unwrap() | 0x80);
        length >>= 7;
    }
    bytes.push(u8::try_from(length).unwrap());
    [bytes, content.to_vec()].concat()
}

fn entry(name: &str, value: &str) -> Vec<u8> {
    [field(1, name.as_bytes()), field(2, value.as_bytes())].concat()
}

#[test]
fn a_question_is_read_as_envoy_writes_it() {
    let http = [
        field(1, b"4711"),
        field(2, b"POST"),
        field(3, &entry("content-type", "application/x-www-form-urlencoded")),
        field(3, &entry(":authority", "as.example.com")),
        field(4, b"/oauth2/token?a=b"),
        field(5, b"as.example.com"),
        field(6, b"https"),
        vec![9 << 3, 3],
        field(10, b"HTTP/1.1"),
        field(11, b"a=b"),
    ];
    let socket = [field(2, b"192.0.2.7"), vec![3 << 3, 80]].concat();
    let peer = field(1, &field(1, &socket));
    let context = [field(1, &peer), field(2, &peer), field(4, &field(2, &http.concat())), field(10, &entry("a", "b"))];
    let request = proto::CheckRequest::decode(&field(1, &context.concat())[..]).unwrap();
    let attributes = request.attributes.unwrap();
    let http = attributes.request.unwrap().http.unwrap();
    assert_eq!((http.method.as_str(), http.path.as_str(), http.body.as_str()), ("POST", "/oauth2/token?a=b", "a=b"));
    assert_eq!(headers(&http).len(), 1, "pseudo headers are none");
    let extensions = source(attributes.source);
    let ConnectInfo(address) = extensions.get::<ConnectInfo<SocketAddr>>().unwrap();
    assert_eq!(address.ip(), IpAddr::from([192, 0, 2, 7]));
}

#[test]
fn a_body_in_bytes_and_headers_in_a_list_are_read_too() {
    let http = [
        field(12, b"a=\xff"),
        field(13, &field(1, &[field(1, b"X-Twice"), field(3, b"1")].concat())),
        field(13, &field(1, &[field(1, b"x-twice"), field(2, b"2")].concat())),
    ];
    let http = proto::HttpRequest::decode(&http.concat()[..]).unwrap();
    assert_eq!(http.raw_body, b"a=\xff");
    let headers = headers(&http);
    assert_eq!(headers.get_all("x-twice").iter().collect::<Vec<_>>(), ["1", "2"]);
}

#[tokio::test]
async fn an_allowed_client_is_named_and_what_it_claimed_is_overwritten_or_removed() {
    let mut response = Response::new(Body::empty());
    response.headers_mut().insert("x-dropins-client-id", "app".parse().unwrap());
    let mut sent = HeaderMap::new();
    for name in ["x-dropins-client-id", "x-dropins-else", "x_dropins_client_id", "x-other"] {
        sent.insert(name, "forged".parse().unwrap());
    }
    let answered = answer(response, forged(&sent)).await;
    let header = [field(1, b"x-dropins-client-id"), field(2, b"app")].concat();
    let option = [field(1, &header), vec![3 << 3, 2]].concat();
    let Some(proto::HttpResponse::Ok(ok)) = &answered.http_response else { panic!("{answered:?}") };
    let mut removed = ok.headers_to_remove.clone();
    removed.sort();
    assert_eq!(removed, ["x-dropins-else", "x_dropins_client_id"]);
    assert_eq!(ok.headers[0].encode_to_vec(), option);
    let bytes = answered.encode_to_vec();
    assert!(bytes.starts_with(&field(1, b"")), "status of code 0");
    assert!(bytes[2..].starts_with(&[3 << 3 | 2]), "ok_response");
}

#[tokio::test]
async fn a_rejected_client_gets_status_headers_and_body() {
    let mut response = Response::new(Body::from("{}"));
    *response.status_mut() = StatusCode::UNAUTHORIZED;
    response.headers_mut().insert("cache-control", "no-store".parse().unwrap());
    let bytes = answer(response, Vec::new()).await.encode_to_vec();
    let header = field(1, &[field(1, b"cache-control"), field(2, b"no-store")].concat());
    let option = [header, vec![3 << 3, 2]].concat();
    let status = field(1, &[1 << 3, 0x91, 0x03]);
    let denied = [status, field(2, &option), field(3, b"{}")].concat();
    assert_eq!(bytes, [field(1, &[1 << 3, 7]), field(2, &denied)].concat());
}
