//! The checks of public numbers, each from both sides, and the thumbprint vectors of the RFCs.

use super::*;

const RFC7638_N: &str = "0vx7agoebGcQSuuPiLJXZptN9nndrQmbXEps2aiAFbWhM78LhWx4cbbfAAtVT86zwu1RK7aPFFxuhDR1L6tSoc_BJECPebWKRXjBZCiFV4n3oknjhMstn64tZ_2W-5JsGY4Hc5n9yBXArwl93lqt7_RN5w6Cf0h4QyQ5v-65YGjQR0_FDW2QvzqY368QQMicAtaSqzs8KJZgnYb9c7d0zgdAZHzu6qMQvRL5hajrn1n91CbOpbISD08qNLyrdkt-bFTWhAI4vMQFh6WeZu0fM4lFd2NcRwr3XPksINHaQ-G_xBniIqbw0Ls1jF44-csFCur-kEgU8awapJzKnqDKgw";

fn modulus(bytes: usize) -> Vec<u8> {
    let mut n = vec![0x5a; bytes];
    n[0] = 0xc3;
    n[bytes - 1] = 0x01;
    n
}

#[test]
fn the_thumbprint_of_rfc_7638_is_reproduced() {
    let material = Material::rsa(&base64url::decode(RFC7638_N).unwrap(), &[1, 0, 1]).unwrap();
    assert_eq!(material.thumbprint(), "NzbLsXh8uDCcd-6MNwXF4W_7noWXFZAfHkxZsRGC9Xs");
}

#[test]
fn the_thumbprint_of_rfc_8037_is_reproduced() {
    let x = base64url::decode("11qYAYKxCrfVS_7TyWQHOg7hcvPapiMlrwIaaPcHURo").unwrap();
    let material = Material::ed25519(&x).unwrap();
    assert_eq!(material.thumbprint(), "kPrK_qmxVWaYVA9wwBF6Iuo3vVzz7TxHCTwXBygrS4k");
}

#[test]
fn rsa_is_2048_to_8192_bits() {
    for bytes in [256, 384, 512, 1024] {
        assert!(Material::rsa(&modulus(bytes), &[1, 0, 1]).is_ok(), "{bytes}");
    }
    let mut short_by_a_bit = modulus(256);
    short_by_a_bit[0] = 0x7f;
    assert_eq!(Material::rsa(&short_by_a_bit, &[3]), Err(MaterialError::RsaSize { bits: 2047 }));
    assert_eq!(Material::rsa(&modulus(1025), &[3]), Err(MaterialError::RsaSize { bits: 8200 }));
    assert_eq!(Material::rsa(&[], &[3]), Err(MaterialError::RsaSize { bits: 0 }));
}

#[test]
fn the_exponent_is_odd_at_least_3_and_at_most_33_bits() {
    let n = modulus(256);
    for e in [&[3][..], &[17], &[1, 0, 1], &[1, 0, 0, 0, 1], &[1, 0xff, 0xff, 0xff, 0xff]] {
        assert!(Material::rsa(&n, e).is_ok(), "{e:?}");
    }
    for (e, value) in [(&[][..], 0), (&[0], 0), (&[1], 1), (&[2], 2), (&[1, 0, 0], 65536)] {
        assert_eq!(Material::rsa(&n, e), Err(MaterialError::RsaExponent { value }), "{e:?}");
    }
    assert_eq!(Material::rsa(&n, &[2, 0, 0, 0, 1]), Err(MaterialError::RsaExponentSize { bits: 34 }));
    assert_eq!(Material::rsa(&n, &n), Err(MaterialError::RsaExponentSize { bits: 2048 }));
}

#[test]
fn an_even_modulus_is_rejected_and_leading_zeros_mean_nothing() {
    let mut n = modulus(256);
    assert_eq!(Material::rsa(&[&[0], n.as_slice()].concat(), &[0, 3]), Material::rsa(&n, &[3]));
    n[255] = 2;
    assert_eq!(Material::rsa(&n, &[3]), Err(MaterialError::RsaEven));
}

#[test]
fn a_coordinate_must_be_of_full_length() {
    for curve in Curve::ALL {
        let expected = curve.coordinate_bytes();
        for received in [0, expected - 1, expected + 1] {
            let error = Material::ec(curve, &vec![0; received], &vec![0; expected]).unwrap_err();
            assert_eq!(error, MaterialError::EcCoordinate { curve, coordinate: "x", expected, received });
            assert!(error.to_string().contains(&format!("has {received} bytes")), "{error}");
        }
    }
}

#[test]
fn a_point_must_be_on_the_curve() {
    for curve in Curve::ALL {
        let zeros = vec![0; curve.coordinate_bytes()];
        assert_eq!(Material::ec(curve, &zeros, &zeros), Err(MaterialError::EcPoint(curve)));
        assert_eq!(Material::ec_point(curve, &[0]), Err(MaterialError::EcPoint(curve)), "the point at infinity");
    }
    assert_eq!(Material::ec_point(Curve::P256, &[2; 33]), Err(MaterialError::EcCompressed));
}

#[test]
fn an_ed25519_key_of_another_length_is_rejected() {
    for received in [0, 31, 33, 57] {
        assert_eq!(Material::ed25519(&vec![9; received]), Err(MaterialError::Ed25519Length { received }));
    }
}

#[test]
fn an_ed25519_point_of_small_order_or_with_two_encodings_is_rejected() {
    let mut weak = SMALL_ORDER_Y.to_vec();
    for y in SMALL_ORDER_Y {
        let mut negative = y;
        negative[31] |= 0x80;
        weak.push(negative);
    }
    for first in 0xed..=0xff {
        let mut not_canonical = [0xff; 32];
        (not_canonical[0], not_canonical[31]) = (first, 0x7f);
        weak.push(not_canonical);
    }
    for point in weak {
        assert_eq!(Material::ed25519(&point), Err(MaterialError::Ed25519Point), "{point:02x?}");
    }
}
