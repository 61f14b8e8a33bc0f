use super::*;
use crate::record;

record! {
    /// A sample.
    pub struct Sample { amount: u64, flag: Option<bool>, name: Option<Names>, set: Set<u64> }
}

fn reads(json: &str) -> Result<Sample, Fault> {
    let read = decode::<Sample>(json.as_bytes());
    if let Ok(sample) = &read {
        assert_eq!(encode(sample), json.as_bytes(), "one value, one byte string");
    }
    read
}

#[test]
fn only_the_one_spelling_is_read() {
    assert!(reads(r#"{"amount":0,"set":[1,2]}"#).is_ok());
    assert!(reads(r#"{"amount":9007199254740991,"flag":true,"name":{"en":"A \"b\" \\ ә","kk":"ә"},"set":[1]}"#).is_ok());
    for (wrong, at) in [
        (r#"{"amount":01,"set":[1]}"#, 10),
        (r#"{"amount":-0,"set":[1]}"#, 10),
        (r#"{"amount":1.0,"set":[1]}"#, 11),
        (r#"{"amount":9007199254740992,"set":[1]}"#, 10),
        (r#"{"amount":99999999999999999999,"set":[1]}"#, 10),
        (r#"{"set":[1],"amount":1}"#, 1),
        (r#"{"amount":1,"amount":1,"set":[1]}"#, 11),
        (r#"{"amount":1,"extra":1,"set":[1]}"#, 11),
        (r#"{"amount":1,"set":[1],"zed":1}"#, 21),
        (r#"{"amount":1,"set":[2,1]}"#, 18),
        (r#"{"amount":1,"set":[1,1]}"#, 18),
        (r#"{"amount":1,"set":[]}"#, 19),
        (r#"{"amount":1, "set":[1]}"#, 11),
        (r#"{"amount":1,"set":[1]} "#, 22),
        (r#"{"amount":1,"flag":null,"set":[1]}"#, 19),
        (r#"{"amount":1,"name":{"en":"\u0041"},"set":[1]}"#, 26),
        (r#"{"amount":1,"name":{"en":" "},"set":[1]}"#, 25),
        (r#"{"amount":1,"name":{"ru":"a","en":"b"},"set":[1]}"#, 29),
        ("{\"amount\":1,\"name\":{\"en\":\"a\tb\"},\"set\":[1]}", 27),
    ] {
        assert_eq!(reads(wrong).expect_err(wrong).at, at, "{wrong}");
    }
    assert_eq!(decode::<Sample>(b"{\"amount\xff").expect_err("not UTF-8").at, 8);
}

#[test]
fn a_persons_json_becomes_canonical_or_is_refused() {
    let loose = br#" { "set" : [1, 2], "amount": 7 } "#;
    assert_eq!(canonicalize(loose).expect("it has a canonical form"), br#"{"amount":7,"set":[1,2]}"#);
    for wrong in [r#"{"a":1,"a":2}"#, r#"{"a":null}"#, r#"{"a":1.5}"#, r#"{"a":-1}"#, "{", r#"{"a":1}x"#] {
        assert!(canonicalize(wrong.as_bytes()).is_err(), "{wrong}");
    }
}
