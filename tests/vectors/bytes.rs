//! Authors the families canonical, values and keys.

use super::*;

pub fn write(author: &mut Author) {
    canonical_right(author);
    canonical_wrong(author);
    quantities_and_times(author);
    names_of_things(author);
    keys(author);
}

fn canonical_right(author: &mut Author) {
    let cases: [(&str, &str, &str, Value); 14] = [
        ("integer-zero", "The smallest integer.", "integer", json!("0")),
        ("integer-largest", "2^53-1, the largest integer.", "integer", json!("9007199254740991")),
        ("boolean-true", "A boolean.", "boolean", json!("true")),
        ("boolean-false", "The other boolean.", "boolean", json!("false")),
        ("text-with-both-escapes", "The two escapes that there are.", "text", json!(r#""a \"quoted\" back\\slash""#)),
        ("text-plain-unicode", "All other characters stand for themselves, also beyond the basic plane.", "text", json!("\"Қала — ☂ 🍞\"")),
        (
            "text-not-normalized",
            "There is no Unicode normalization: e with a combining acute stays two characters.",
            "text",
            json!("\"cafe\u{301}\""),
        ),
        ("text-slash-unescaped", "A slash stands for itself.", "text", json!("\"a/b\"")),
        (
            "text-first-after-c1",
            "U+00A0 is the first character after the C1 controls; with a letter the text is not blank.",
            "text",
            json!("\"\u{a0}a\""),
        ),
        ("text-of-1024-bytes", "The longest text.", "text", json!(["\"", ["x", 1024], "\""])),
        (
            "text-of-1024-bytes-after-escapes",
            "The length is counted after escapes are resolved.",
            "text",
            json!(["\"", ["\\\\", 1024], "\""]),
        ),
        ("names-ascending", "Names ascend by language tag.", "names", json!(r#"{"en":"Aid","kk":"Көмек","ru":"Помощь"}"#)),
        (
            "set-of-codes-ascending",
            "Codes ascend in byte order: capitals, then digits before letters; `-` before digits.",
            "set of codes",
            json!(r#"["KZT","a-b","a1","ab"]"#),
        ),
        (
            "list-of-256",
            "The longest list; a list may repeat itself.",
            "list of lot lines",
            json!(["[", [r#"{"item":"rice","quantity":"1"},"#, 255], r#"{"item":"rice","quantity":"1"}]"#]),
        ),
    ];
    for (name, description, r#as, bytes) in cases {
        author.put(&format!("canonical/{name}"), "2", description, ok(json!({})), json!({"as": r#as, "bytes": bytes}));
    }
}

/// What is wrong begins at `‸`, which is not part of the bytes.
fn canonical_wrong(author: &mut Author) {
    let cases = [
        ("empty-input", "No bytes are no value.", "integer", "‸"),
        ("byte-order-mark", "A byte order mark is refused.", "names", "‸\u{feff}{\"en\":\"Aid\"}"),
        ("space-before", "Nothing stands before the value.", "names", "‸ {\"en\":\"Aid\"}"),
        ("space-after", "Nothing stands after the value.", "names", "{\"en\":\"Aid\"}‸ "),
        ("newline-after", "No line feed belongs to a value.", "names", "{\"en\":\"Aid\"}‸\n"),
        ("second-value-after", "One document is one value.", "integer", "1‸,2"),
        ("space-after-colon", "No white space between tokens.", "names", "{\"en\":‸ \"Aid\"}"),
        ("space-after-comma", "No white space between tokens.", "names", "{\"en\":\"Aid\",‸ \"ru\":\"a\"}"),
        ("newline-in-object", "No white space between tokens.", "names", "{‸\n\"en\":\"Aid\"}"),
        ("null-for-object", "There is no null.", "names", "‸null"),
        ("null-for-member", "There is no null, not for a member either.", "names", "{\"en\":‸null}"),
        ("fraction", "There is no fraction.", "integer", "1‸.0"),
        ("exponent", "There is no exponent.", "integer", "1‸e3"),
        ("minus-one", "There is no negative integer.", "integer", "‸-1"),
        ("minus-zero", "There is no negative zero.", "integer", "‸-0"),
        ("plus-sign", "An integer has no sign.", "integer", "‸+1"),
        ("leading-zero", "An integer has no leading zero.", "integer", "‸01"),
        ("double-zero", "Zero is one digit.", "integer", "‸00"),
        ("integer-beyond", "2^53 is one too many.", "integer", "‸9007199254740992"),
        ("integer-of-17-digits", "17 digits are too many.", "integer", "‸10000000000000000"),
        ("integer-of-2-to-the-64", "A number that overflows 64 bits.", "integer", "‸18446744073709551617"),
        ("integer-as-string", "An integer is no string.", "integer", "‸\"1\""),
        ("true-in-capitals", "Letters of true are small.", "boolean", "‸True"),
        ("one-for-true", "A boolean is no number.", "boolean", "‸1"),
        ("empty-object", "An object has at least one member.", "names", "{‸}"),
        ("empty-set", "There are no empty sets.", "set of codes", "[‸]"),
        ("empty-list", "There are no empty lists.", "list of lot lines", "[‸]"),
        ("members-descending", "Members ascend.", "names", "{\"ru\":\"a\",‸\"en\":\"b\"}"),
        ("member-twice", "A member stands once.", "names", "{\"en\":\"a\",‸\"en\":\"b\"}"),
        ("comma-before-end", "No comma before the end.", "names", "{\"en\":\"a\",‸}"),
        ("comma-before-end-of-set", "No comma before the end.", "set of codes", "[\"a\",‸]"),
        ("object-without-end", "An object has an end.", "names", "{\"en\":\"a\"‸"),
        (
            "record-member-unknown",
            "A member that the document does not name is refused.",
            "list of lot lines",
            "[{\"item\":\"rice\",\"quantity\":\"1\"‸,\"unit\":\"kg\"}]",
        ),
        ("record-member-missing", "Every member that is not optional is there.", "list of lot lines", "[{\"item\":\"rice\"‸}]"),
        ("record-members-descending", "Members of a record ascend.", "list of lot lines", "[{‸\"quantity\":\"1\",\"item\":\"rice\"}]"),
        (
            "record-member-name-escaped",
            "Names of members are not escaped either.",
            "list of lot lines",
            "[{‸\"\\u0069tem\":\"rice\",\"quantity\":\"1\"}]",
        ),
        ("escaped-slash", "A slash is not escaped.", "text", "\"a‸\\/b\""),
        ("escaped-newline", "Control characters stand nowhere, not even escaped.", "text", "\"a‸\\nb\""),
        ("escaped-letter", "Letters are not escaped.", "text", "\"‸\\u0041\""),
        ("escaped-zero", "Control characters stand nowhere, not even escaped.", "text", "\"a‸\\u0000\""),
        ("escaped-surrogates", "No character is escaped by its number.", "text", "\"‸\\ud83c\\udf5e\""),
        ("raw-newline", "Control characters stand nowhere.", "text", "\"a‸\nb\""),
        ("raw-tab", "Control characters stand nowhere.", "text", "\"a‸\tb\""),
        ("raw-zero", "Control characters stand nowhere.", "text", "\"a‸\0b\""),
        ("raw-delete", "DEL is a control character.", "text", "\"a‸\u{7f}b\""),
        ("raw-c1", "U+0085 is a control character of the C1 set.", "text", "\"a‸\u{85}b\""),
        ("raw-last-c1", "U+009F is the last of the C1 set.", "text", "\"a‸\u{9f}b\""),
        ("string-without-end", "A string has an end.", "text", "‸\"abc"),
        ("string-ends-in-backslash", "A backslash escapes the end of a string.", "text", "‸\"abc\\\""),
        ("single-quotes", "Strings stand between double quotes.", "text", "‸'abc'"),
        ("text-empty", "A text is not empty.", "text", "‸\"\""),
        ("text-blank", "A text is not blank.", "text", "‸\"  \""),
        ("text-blank-ideographic", "U+3000 is blank too.", "text", "‸\"\u{3000}\u{a0}\u{2003}\""),
        ("set-descending", "A set ascends. The array is at fault.", "set of codes", "‸[\"b\",\"a\"]"),
        ("set-twice", "Nothing stands twice in a set. The array is at fault.", "set of codes", "‸[\"a\",\"a\"]"),
        ("set-by-length", "Sets ascend in byte order, not by length. The array is at fault.", "set of codes", "‸[\"b\",\"ab\"]"),
        ("plain-string-escaped", "A plain string has no escape.", "set of codes", "[\"‸\\u0061\"]"),
        ("language-in-capitals", "A language tag is small letters.", "names", "{‸\"EN\":\"Aid\"}"),
        ("language-of-one-letter", "A language tag has two or three letters.", "names", "{‸\"e\":\"Aid\"}"),
        ("language-with-region", "A language tag is letters only.", "names", "{‸\"en-GB\":\"Aid\"}"),
        ("text-for-names", "Names are an object.", "names", "‸\"Aid\""),
    ];
    for (name, description, r#as, marked) in cases {
        let at = marked.find('‸').expect("a mark");
        let inputs = json!({"as": r#as, "bytes": marked.replace('‸', "")});
        author.put(&format!("canonical/{name}"), "2", description, refused(json!({ "at": at })), inputs);
    }
    let raw = [
        ("not-utf-8", "A byte that begins no character.", "22ff22", 1),
        ("utf-8-overlong", "A slash in two bytes is not the shortest form.", "22c0af22", 1),
        ("utf-8-surrogate", "Surrogates are not encoded.", "22eda08022", 1),
        ("utf-8-beyond-unicode", "There is no character beyond U+10FFFF.", "22f490808022", 1),
        ("utf-8-cut-short", "A character is whole.", "2261e298", 2),
    ];
    for (name, description, bytes, at) in raw {
        let inputs = json!({"as": "text", "bytes": {"hex": bytes}});
        author.put(&format!("canonical/{name}"), "2", description, refused(json!({ "at": at })), inputs);
    }
    let long = [
        ("text-of-1025-bytes", "A text has at most 1,024 bytes.", "text", json!(["\"", ["x", 1025], "\""])),
        ("text-of-1025-bytes-in-513-characters", "The length is counted in bytes.", "text", json!(["\"", ["қ", 512], "x\""])),
        (
            "list-of-257",
            "A list has at most 256 elements.",
            "list of lot lines",
            json!(["[", [r#"{"item":"rice","quantity":"1"},"#, 256], r#"{"item":"rice","quantity":"1"}]"#]),
        ),
    ];
    for (name, description, r#as, bytes) in long {
        author.put(&format!("canonical/{name}"), "2", description, refused(json!({"at": 0})), json!({"as": r#as, "bytes": bytes}));
    }
}

/// (name, description, text): those that are a value of the type, then those that are not.
type Cases<'a> = &'a [(&'a str, &'a str, &'a str)];

fn values(author: &mut Author, r#type: &str, right: Cases, wrong: Cases) {
    let folder = r#type.replace(' ', "-");
    for (expect, cases) in [(ok(json!({})), right), (refused(json!({})), wrong)] {
        for (name, description, text) in cases {
            let mut expect = expect.clone();
            if r#type == "quantity" && expect.get("ok").is_some() {
                let decimals = text.split_once('.').map_or(0, |(_, fraction)| fraction.len());
                let minor = text.replace('.', "").parse::<u64>().expect("digits").to_string();
                expect = ok(json!({"decimals": decimals, "minor": minor}));
            }
            author.put(&format!("values/{folder}-{name}"), "4.2", description, expect, json!({"text": text, "type": r#type}));
        }
    }
}

fn quantities_and_times(author: &mut Author) {
    let right: Cases = &[
        ("zero", "Zero has the form; the rules refuse it where more is asked.", "0"),
        ("zero-with-decimals", "The decimals are part of the spelling.", "0.00"),
        ("whole", "No point without decimals.", "1500"),
        ("with-decimals", "Trailing zeros stay.", "12.50"),
        ("largest", "18 digits.", "999999999999999999"),
        ("largest-with-decimals", "18 digits, 9 of them after the point.", "999999999.999999999"),
        ("smallest", "A single 0 before the point counts as a digit.", "0.000000001"),
    ];
    let wrong: Cases = &[
        ("empty", "An amount has digits.", ""),
        ("leading-zero", "No leading zero.", "012"),
        ("double-zero", "A single zero before the point.", "00.5"),
        ("without-whole", "A digit before the point.", ".5"),
        ("point-at-end", "A digit after the point.", "5."),
        ("two-points", "One point.", "1.2.3"),
        ("comma", "The point is a point.", "1,5"),
        ("negative", "No sign.", "-1"),
        ("plus", "No sign.", "+1"),
        ("exponent", "No exponent.", "1e3"),
        ("space", "No space.", "1 000"),
        ("19-digits", "At most 18 digits.", "1000000000000000000"),
        ("19-digits-in-all", "At most 18 digits in all.", "1234567890.123456789"),
        ("10-decimals", "At most 9 digits after the point.", "0.0000000001"),
        ("arabic-digits", "Digits are ASCII.", "١٢"),
    ];
    values(author, "quantity", right, wrong);

    let right: Cases = &[
        ("first", "The first day.", "1970-01-01"),
        ("last", "The last day.", "9999-12-31"),
        ("leap-day", "2028 is a leap year.", "2028-02-29"),
        ("leap-day-of-2000", "A year that 400 divides is a leap year.", "2000-02-29"),
    ];
    let wrong: Cases = &[
        ("before-1970", "Years begin with 1970.", "1969-12-31"),
        ("30-february", "The day exists.", "2026-02-30"),
        ("no-leap-day", "2026 is no leap year.", "2026-02-29"),
        ("no-leap-day-in-2100", "A year that 100 divides and 400 does not is no leap year.", "2100-02-29"),
        ("31-april", "The day exists.", "2026-04-31"),
        ("month-13", "The month exists.", "2026-13-01"),
        ("month-0", "The month exists.", "2026-00-01"),
        ("day-0", "The day exists.", "2026-01-00"),
        ("one-digit", "Two digits each.", "2026-1-5"),
        ("slashes", "Parted by `-`.", "2026/01/05"),
        ("five-digit-year", "Four digits.", "12026-01-05"),
        ("with-time", "A date is no time.", "2026-01-05T00:00:00Z"),
    ];
    values(author, "date", right, wrong);

    let right: Cases = &[
        ("first", "The first moment.", "1970-01-01T00:00:00Z"),
        ("last", "The last moment.", "9999-12-31T23:59:59Z"),
        ("noon", "A moment.", "2026-01-05T12:00:00Z"),
    ];
    let wrong: Cases = &[
        ("leap-second", "There are no leap seconds.", "2016-12-31T23:59:60Z"),
        ("hour-24", "Hours end with 23.", "2026-01-05T24:00:00Z"),
        ("minute-60", "Minutes end with 59.", "2026-01-05T09:60:00Z"),
        ("fraction", "Whole seconds.", "2026-01-05T09:30:00.0Z"),
        ("offset", "UTC, written Z.", "2026-01-05T09:30:00+00:00"),
        ("without-zone", "UTC, written Z.", "2026-01-05T09:30:00"),
        ("small-t", "T is a capital.", "2026-01-05t09:30:00Z"),
        ("small-z", "Z is a capital.", "2026-01-05T09:30:00z"),
        ("space", "Date and time are parted by T.", "2026-01-05 09:30:00Z"),
        ("day-that-is-not", "The day exists.", "2026-02-29T09:30:00Z"),
        ("without-seconds", "Seconds are written.", "2026-01-05T09:30Z"),
    ];
    values(author, "time", right, wrong);
}

fn names_of_things(author: &mut Author) {
    let right: Cases = &[
        ("one-character", "The shortest.", "a"),
        ("31-characters", "The longest.", "abcdefghijklmnopqrstuvwxyz01234"),
        ("digit-first", "A digit may stand first.", "2026-winter"),
        ("hyphen-last", "A hyphen may stand last.", "a-"),
        ("currency", "Three capitals.", "KZT"),
    ];
    let wrong: Cases = &[
        ("empty", "At least one character.", ""),
        ("32-characters", "At most 31.", "abcdefghijklmnopqrstuvwxyz012345"),
        ("hyphen-first", "A hyphen is not first.", "-a"),
        ("capital-in-it", "Capitals are for currencies.", "Rice"),
        ("two-capitals", "A currency has three capitals.", "KZ"),
        ("four-capitals", "A currency has three capitals.", "KZTT"),
        ("capital-and-digit", "A currency has three capitals.", "KZ1"),
        ("underscore", "No underscore.", "a_b"),
        ("space", "No space.", "a b"),
        ("cyrillic", "Letters are ASCII: this а is Cyrillic.", "rаce"),
    ];
    values(author, "code", right, wrong);

    let id = blake("a lot");
    let lot = |line: &str| format!("{id}.{line}");
    let (zero, last, beyond, leading, long) = (lot("0"), lot("255"), lot("256"), lot("01"), lot("1000"));
    let (upper, none, short) = (id.to_uppercase() + ".0", lot(""), id[1..].to_owned() + ".0");
    values(
        author,
        "lot id",
        &[("line-0", "The first line.", &zero), ("line-255", "The last line.", &last)],
        &[
            ("line-256", "A list has at most 256 lines.", &beyond),
            ("line-01", "No leading zero.", &leading),
            ("line-1000", "At most three digits.", &long),
            ("without-number", "A line has a number.", &none),
            ("without-line", "A lot is an event and a line.", &id),
            ("in-capitals", "Hex is lower case.", &upper),
            ("63-digits", "An event id has 64 digits.", &short),
        ],
    );
    let token_long = format!("{TOKEN}00");
    let wrong: Cases = &[
        ("in-capitals", "Hex is lower case.", "000102030405060708090A0B0C0D0E0F"),
        ("31-digits", "32 digits.", &TOKEN[1..]),
        ("34-digits", "32 digits.", &token_long),
        ("with-hyphens", "A token is no UUID text.", "00010203-0405-0607-0809-0a0b0c0d"),
    ];
    values(author, "token", &[("right", "16 bytes.", TOKEN)], wrong);
    for (r#type, right) in [("hash", id.clone()), ("event id", id.clone()), ("key", public(HALL)), ("signature", format!("{id}{id}"))] {
        let wrong: [(&str, &str, &str); 3] = [
            ("in-capitals", "Hex is lower case.", &right.to_uppercase()),
            ("digit-short", "Every digit stands.", &right[1..]),
            ("prefixed", "No prefix.", &format!("0x{}", &right[2..])),
        ];
        values(author, r#type, &[("right", "Lower-case hex.", &right)], &wrong);
    }
    let key_of_any_form = "f".repeat(64);
    let key: Cases = &[("of-any-form", "Any 32 bytes have the form of a key; admission is asked by the rules.", &key_of_any_form)];
    values(author, "key", key, &[]);

    let (longest, too_long) = ("o".repeat(255), "o".repeat(256));
    values(
        author,
        "origin",
        &[
            ("right", "A name for the log.", ORIGIN),
            ("longest", "255 characters.", &longest),
            ("odd-characters", "Visible ASCII.", "!#*,-[]^_`{|}~"),
        ],
        &[
            ("empty", "At least one character.", ""),
            ("256-characters", "At most 255.", &too_long),
            ("space", "No space.", "aid example"),
            ("plus", "A plus parts the fields of a vkey.", "aid+2026"),
            ("quote", "No quote.", "aid\"2026"),
            ("backslash", "No backslash.", "aid\\2026"),
            ("cyrillic", "ASCII only.", "көмек.example.org"),
        ],
    );
    let (longest, too_long) = ("Z".repeat(64), "Z".repeat(65));
    values(
        author,
        "slip code",
        &[("shortest", "16 characters.", SLIP_CODE), ("longest", "64 characters.", &longest)],
        &[
            ("15-characters", "At least 16.", &SLIP_CODE[1..]),
            ("65-characters", "At most 64.", &too_long),
            ("small-letter", "Capitals and digits.", "7k2M9QX4T8WZ3RFA"),
            ("hyphen", "A code is written without parting.", "7K2M-9QX4-T8WZ-3RFA"),
        ],
    );
    values(
        author,
        "role",
        &[("right", "A word that is listed.", "registrar")],
        &[("unknown", "Vocabularies are closed.", "owner"), ("in-capitals", "Words are as listed.", "Admin")],
    );
    values(
        author,
        "kind",
        &[("right", "A kind that is listed.", "delivery.made")],
        &[("unknown", "Kinds are closed.", "delivery.lost"), ("without-verb", "A kind is named in full.", "delivery")],
    );
}

/// Encodings were computed with another program, from the equations of the curve.
fn keys(author: &mut Author) {
    let right = [
        ("right-seed-01", "The key of the seed of 32 bytes 0x01.", public(1)),
        ("right-seed-02", "The key of the seed of 32 bytes 0x02.", public(2)),
        ("right-base-point", "The base point: its secret is known to all, but it is a key.", format!("58{}", "66".repeat(31))),
    ];
    for (name, description, key) in right {
        author.put(&format!("keys/{name}"), "3", description, ok(json!({})), json!({ "key": key }));
    }
    let (z, f) = ("00", "ff");
    let wrong = [
        ("not-a-point", "No x for y = 2.", "not-a-point", format!("02{}", z.repeat(31))),
        ("not-a-point-y-7", "No x for y = 7.", "not-a-point", format!("07{}", z.repeat(31))),
        (
            "not-a-point-and-beyond-p",
            "y = p + 2: step 1 comes first, and reads y modulo p.",
            "not-a-point",
            format!("ef{}7f", f.repeat(30)),
        ),
        (
            "non-canonical-y-p",
            "y = p stands for 0; of small order as well, which is checked later.",
            "non-canonical",
            format!("ed{}7f", f.repeat(30)),
        ),
        ("non-canonical-y-p-plus-1", "y = p + 1 stands for 1, the identity.", "non-canonical", format!("ee{}7f", f.repeat(30))),
        ("non-canonical-y-p-plus-3", "y = p + 3 stands for 3, not of small order.", "non-canonical", format!("f0{}7f", f.repeat(30))),
        ("non-canonical-y-largest", "y = 2^255 - 1.", "non-canonical", format!("{}7f", f.repeat(31))),
        ("non-canonical-sign-of-zero", "x = 0 with the sign bit, y = 1.", "non-canonical", format!("01{}80", z.repeat(30))),
        ("non-canonical-sign-of-zero-y-minus-1", "x = 0 with the sign bit, y = p - 1.", "non-canonical", format!("ec{}", f.repeat(31))),
        ("small-order-1", "The identity.", "small-order", format!("01{}", z.repeat(31))),
        ("small-order-2", "Order 2.", "small-order", format!("ec{}7f", f.repeat(30))),
        ("small-order-4", "Order 4: 32 zero bytes.", "small-order", z.repeat(32)),
        ("small-order-4-negative", "Order 4, the other one.", "small-order", format!("{}80", z.repeat(31))),
        ("small-order-8", "Order 8.", "small-order", "26e8958fc2b227b045c3f489f2ef98f0d5dfac05d3c63339b13802886d53fc05".into()),
        (
            "small-order-8-another",
            "Order 8, another one.",
            "small-order",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa".into(),
        ),
        (
            "torsioned-8",
            "The key of seed 0x01 plus a point of order 8.",
            "torsioned",
            "3bcfb78c4ad06f9b8d7e8c50e37e33dd40042a7805f5df945fbf33620745bc68".into(),
        ),
        (
            "torsioned-4",
            "The key of seed 0x01 plus a point of order 4.",
            "torsioned",
            "974bf7558cd2d4aeb9f1316e2da76c50dcbfb8b96647475ba8d47c20caaba2c2".into(),
        ),
        (
            "torsioned-2",
            "The key of seed 0x01 plus the point of order 2.",
            "torsioned",
            "63771c228bf60e6a02ad24d2c345a28d3598f640e26bede40c8b77fe4bf090a3".into(),
        ),
    ];
    for (name, description, why, key) in wrong {
        author.put(&format!("keys/{name}"), "3", description, refused(json!({ "why": why })), json!({ "key": key }));
    }
}
