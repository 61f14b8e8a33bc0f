//! The walk over canonical bytes: at each place one thing may stand.

use crate::canonical::{Fault, INTEGER_MAX};

/// A place in canonical bytes.
pub struct Reader<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Reader<'a> {
    /// Starts at the first byte; refuses what is not UTF-8.
    pub fn new(bytes: &'a [u8]) -> Result<Self, Fault> {
        match std::str::from_utf8(bytes) {
            Ok(text) => Ok(Reader { text, at: 0 }),
            Err(e) => Err(Fault { at: e.valid_up_to(), what: "expected UTF-8".into() }),
        }
    }

    /// The offset of the next byte.
    pub fn at(&self) -> usize {
        self.at
    }

    /// The bytes from `start` up to here.
    pub fn since(&self, start: usize) -> &'a [u8] {
        &self.text.as_bytes()[start..self.at]
    }

    /// The fault of expecting `what` here.
    #[cold]
    pub fn fault(&self, what: impl Into<String>) -> Fault {
        Fault { at: self.at, what: what.into() }
    }

    /// The fault of expecting `what` at an earlier place.
    #[cold]
    pub fn fault_at(&self, at: usize, what: impl Into<String>) -> Fault {
        Fault { at, what: what.into() }
    }

    /// The next byte, if there is one.
    pub fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    /// Whether the next bytes are `token`.
    pub fn stands(&self, token: &str) -> bool {
        self.text.as_bytes()[self.at..].starts_with(token.as_bytes())
    }

    /// Steps over `token` if it is next.
    pub fn take(&mut self, token: &str) -> bool {
        let stands = self.stands(token);
        if stands {
            self.at += token.len();
        }
        stands
    }

    /// Steps over `token` or faults.
    pub fn expect(&mut self, token: &str) -> Result<(), Fault> {
        if self.take(token) { Ok(()) } else { Err(self.fault(format!("expected `{token}`"))) }
    }

    /// Faults unless every byte was read.
    pub fn end(&self) -> Result<(), Fault> {
        if self.at == self.text.len() { Ok(()) } else { Err(self.fault("expected the end: nothing may follow the value")) }
    }

    /// A string without escapes, borrowed: codes, hashes, times and amounts are all of this kind.
    pub fn plain(&mut self, what: &str) -> Result<&'a str, Fault> {
        if self.peek() != Some(b'"') {
            return Err(self.fault(format!("expected {what}: a string")));
        }
        let start = self.at + 1;
        let rest = &self.text.as_bytes()[start..];
        let Some(len) = rest.iter().position(|&b| b == b'"' || b == b'\\' || b < 0x20) else {
            return Err(self.fault(format!("expected {what}: the string has no end")));
        };
        if rest[len] != b'"' {
            return Err(self.fault_at(start + len, format!("expected {what}: no escape or control character may stand here")));
        }
        self.at = start + len + 1;
        Ok(&self.text[start..start + len])
    }

    /// A string of exactly `N` bytes without looking for its end first: hashes and keys, on the hot path.
    pub fn fixed<const N: usize>(&mut self, what: &str) -> Result<&'a [u8; N], Fault> {
        let bytes = &self.text.as_bytes()[self.at..];
        if bytes.len() >= N + 2 && bytes[0] == b'"' && bytes[N + 1] == b'"' {
            self.at += N + 2;
            Ok(bytes[1..=N].try_into().expect("the slice has N bytes"))
        } else {
            Err(self.fault(format!("expected {what}: a string of {N} characters")))
        }
    }

    /// A string that a person reads. Control characters (C0, DEL, C1) are refused, so the only escapes are `\"` and `\\`.
    pub fn text(&mut self, len_bytes_max: usize) -> Result<String, Fault> {
        let opening = self.at;
        if !self.take("\"") {
            return Err(self.fault("expected a string"));
        }
        let mut out = String::new();
        loop {
            let rest = &self.text[self.at..];
            let Some(c) = rest.chars().next() else { return Err(self.fault_at(opening, "the string has no end")) };
            match c {
                '"' => break,
                '\\' => match rest.as_bytes().get(1) {
                    Some(b'"') => out.push('"'),
                    Some(b'\\') => out.push('\\'),
                    _ => return Err(self.fault("only \\\" and \\\\ are canonical escapes here")),
                },
                c if c.is_control() => return Err(self.fault("control characters are not allowed in text")),
                c => out.push(c),
            }
            self.at += if c == '\\' { 2 } else { c.len_utf8() };
            if out.len() > len_bytes_max {
                return Err(self.fault_at(opening, format!("text is longer than {len_bytes_max} bytes")));
            }
        }
        self.at += 1;
        Ok(out)
    }

    /// An integer from 0 to 2^53-1, without leading zero.
    pub fn integer(&mut self, max: u64) -> Result<u64, Fault> {
        let start = self.at;
        let mut value = 0u64;
        while let Some(digit @ b'0'..=b'9') = self.peek() {
            if self.at - start >= 16 {
                return Err(self.fault_at(start, "the integer is beyond 2^53-1"));
            }
            value = value * 10 + u64::from(digit - b'0');
            self.at += 1;
        }
        let digits = &self.text[start..self.at];
        if digits.is_empty() || (digits.len() > 1 && digits.starts_with('0')) {
            return Err(self.fault_at(start, "expected an integer in its shortest form"));
        }
        if value > max.min(INTEGER_MAX) {
            return Err(self.fault_at(start, format!("expected an integer of at most {}, found {value}", max.min(INTEGER_MAX))));
        }
        Ok(value)
    }

    /// Goes back or forth to a place already seen.
    pub fn move_to(&mut self, at: usize) {
        self.at = at;
    }

    /// Goes to the first place where `token` stands; only for a second look with [`Reader::move_to`].
    pub fn skip_to(&mut self, token: &str) -> Result<(), Fault> {
        match memchr::memmem::find(&self.text.as_bytes()[self.at..], token.as_bytes()) {
            Some(ahead) => {
                self.at += ahead;
                Ok(())
            }
            None => Err(self.fault(format!("expected an object followed by `{}`", token.trim_start_matches(['}', ','])))),
        }
    }

    /// Steps over one object without reading what is in it; only for a second look with [`Reader::move_to`].
    pub fn skip_object(&mut self) -> Result<(), Fault> {
        if self.peek() != Some(b'{') {
            return Err(self.fault("expected an object"));
        }
        let bytes = self.text.as_bytes();
        let (mut depth, mut in_string, mut at) = (0usize, false, self.at);
        while let Some(&byte) = bytes.get(at) {
            match byte {
                b'\\' if in_string => at += 1,
                b'"' => in_string = !in_string,
                b'{' if !in_string => depth += 1,
                b'}' if !in_string => {
                    depth -= 1;
                    if depth == 0 {
                        self.at = at + 1;
                        return Ok(());
                    }
                }
                _ => {}
            }
            at += 1;
        }
        Err(self.fault("the object has no end"))
    }

    /// Steps to a member of an object: the separator, the quoted name and the colon.
    pub fn member(&mut self, quoted: &str, first: bool) -> Result<(), Fault> {
        let comma = usize::from(!first);
        let rest = &self.text.as_bytes()[self.at..];
        if rest.len() >= comma && (first || rest[0] == b',') && rest[comma..].starts_with(quoted.as_bytes()) {
            self.at += comma + quoted.len();
            return Ok(());
        }
        Err(self.member_fault(quoted))
    }

    /// Whether this member comes next (for members that may be absent).
    pub fn member_stands(&self, quoted: &str, first: bool) -> bool {
        let comma = usize::from(!first);
        let rest = &self.text.as_bytes()[self.at..];
        rest.len() >= comma && (first || rest[0] == b',') && rest[comma..].starts_with(quoted.as_bytes())
    }

    /// Ends an object, explaining a member that should not be there.
    pub fn object_end(&mut self) -> Result<(), Fault> {
        if self.take("}") { Ok(()) } else { Err(self.member_fault("}")) }
    }

    #[cold]
    fn member_fault(&self, quoted: &str) -> Fault {
        let wanted = quoted.trim_end_matches(':');
        let rest = self.text[self.at..].trim_start_matches(',');
        let found: String = rest.chars().take(40).take_while(|c| *c != ':' && *c != '}').collect();
        let found = if found.is_empty() { rest.chars().take(1).collect() } else { found };
        if wanted == "}" {
            self.fault(format!("unknown, repeated or misplaced member: expected the end of the object, found `{found}`"))
        } else {
            self.fault(format!("expected member `{wanted}`, found `{found}`; members stand in ascending order without white space"))
        }
    }
}
