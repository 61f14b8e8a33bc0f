//! Codes on paper: what a recipient's slip, a donor's receipt and a recipient's card carry.
//!
//! ```text
//! 7K3M 9QXP 2VRT 8HWJ D
//! └────── payload ─────┘ └ check character
//!
//! alphabet  0123456789ABCDEFGHJKMNPQRSTVWXYZ       no I, L, O, U; character n stands for the number n
//! payload   16 characters, uniformly random: 80 bits
//! check     makes Σ c[i]·α^i = 0 for i = 0 … 16, over GF(32) = GF(2)[x]/(x^5 + x^2 + 1) with α = x
//! lock      BLAKE3(the 17 ASCII characters)
//! card key  Ed25519 seed = BLAKE3 derive_key("aidledger recipient card v1", the 17 ASCII characters)
//! ```
//!
//! The check character is that of a Reed-Solomon code of length 31 cut down to 17. The weights α^0 … α^16 are all different and none is
//! zero. One wrong character changes the sum by (c - c')·α^i, which is not zero; two characters that changed places, adjacent
//! or not, change it by (c - c')·(α^i - α^j), which is not zero either. So every mistake of these two sorts is seen, and 31 of 32 others.
//!
//! 80 bits: a lock is public, so whoever wants to forge a delivery may try codes against it on machines of their own. 2^80 hashes are out
//! of reach for what a parcel is worth; and no code opens more than one lock.
//!
//! Reading is lenient where people are: small letters, spaces, hyphens, O for 0, I and L for 1, and Cyrillic letters that look like
//! Latin ones, since a phone's keyboard is often the wrong one.

use std::fmt;
use std::str::FromStr;

use thiserror::Error;
use zeroize::Zeroize;

use super::{Blake3Hash, SecretKey};

/// The characters, by what they stand for.
pub const ALPHABET: &[u8; 32] = b"0123456789ABCDEFGHJKMNPQRSTVWXYZ";
/// The characters of a code, with the check character.
pub const CODE_CHARACTERS: usize = 17;
/// The random bytes that make a code: 80 bits.
pub const CODE_RANDOM_BYTES: usize = 10;
/// Separates a card's key from every other use of the code.
pub const CARD_CONTEXT: &str = "aidledger recipient card v1";

/// A code on paper. Wiped when dropped; never printed by accident: [`PaperCode::grouped`] and [`PaperCode::as_str`] say that they do.
#[derive(Clone, PartialEq, Eq)]
pub struct PaperCode([u8; CODE_CHARACTERS]);

/// Why something typed is not a code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Error)]
pub enum CodeRefusal {
    /// Too short or too long.
    #[error("a code has {CODE_CHARACTERS} characters, found {found}; look whether one was left out or typed twice")]
    Length { found: usize },
    /// A character that no code has.
    #[error("the character at place {place} is in no code: codes have digits and capital letters without I, L, O and U")]
    Character { place: usize },
    /// The check character does not fit: something was mistyped.
    #[error("the check character does not fit: one of the characters was mistyped, or two changed places; compare with the paper")]
    Check,
}

impl PaperCode {
    /// Makes a code of random bytes.
    pub fn from_random(random: &[u8; CODE_RANDOM_BYTES]) -> PaperCode {
        let mut numbers = [0u8; CODE_CHARACTERS];
        for (place, number) in numbers[..CODE_CHARACTERS - 1].iter_mut().enumerate() {
            *number = (0..5).fold(0, |value, bit| {
                let at = place * 5 + bit;
                value << 1 | random[at / 8] >> (7 - at % 8) & 1
            });
        }
        numbers[CODE_CHARACTERS - 1] = check_number(&numbers[..CODE_CHARACTERS - 1]);
        let code = PaperCode(numbers.map(|number| ALPHABET[usize::from(number)]));
        numbers.zeroize();
        code
    }

    /// The 17 characters, as they stand in an event and under the hash.
    pub fn as_str(&self) -> &str {
        std::str::from_utf8(&self.0).expect("the alphabet is ASCII")
    }

    /// The characters in groups of four, as printed.
    pub fn grouped(&self) -> String {
        self.0.chunks(4).map(|group| std::str::from_utf8(group).expect("the alphabet is ASCII")).collect::<Vec<_>>().join(" ")
    }

    /// What stands in public for the code: `lock` of an assignment, `receipt` of a donation.
    pub fn lock(&self) -> Blake3Hash {
        Blake3Hash::of(&self.0)
    }

    /// The key that a recipient's card gives.
    pub fn card_key(&self) -> SecretKey {
        let mut seed = blake3::derive_key(CARD_CONTEXT, &self.0);
        let key = SecretKey::from_seed(&seed);
        seed.zeroize();
        key
    }
}

impl FromStr for PaperCode {
    type Err = CodeRefusal;
    fn from_str(text: &str) -> Result<PaperCode, CodeRefusal> {
        let mut characters = [0u8; CODE_CHARACTERS];
        let mut found = 0;
        for (place, typed) in text.chars().filter(|c| !is_gap(*c)).enumerate() {
            let character = folded(typed).ok_or(CodeRefusal::Character { place: place + 1 })?;
            if let Some(slot) = characters.get_mut(place) {
                *slot = character;
            }
            found = place + 1;
        }
        if found != CODE_CHARACTERS {
            return Err(CodeRefusal::Length { found });
        }
        let numbers = characters.map(|character| ALPHABET.iter().position(|c| *c == character).expect("folded gives the alphabet") as u8);
        if sum(&numbers) != 0 {
            return Err(CodeRefusal::Check);
        }
        Ok(PaperCode(characters))
    }
}

impl fmt::Debug for PaperCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PaperCode(hidden)")
    }
}

impl Zeroize for PaperCode {
    fn zeroize(&mut self) {
        self.0.zeroize();
    }
}
impl Drop for PaperCode {
    fn drop(&mut self) {
        self.zeroize();
    }
}

fn is_gap(c: char) -> bool {
    c.is_whitespace() || matches!(c, '-' | '\u{2010}'..='\u{2015}' | '\u{2212}' | '.' | '_' | '\u{200B}')
}

/// The character of the alphabet that was meant.
fn folded(typed: char) -> Option<u8> {
    let upper = typed.to_uppercase().next().expect("an upper case has a character");
    let latin = match upper {
        'O' | 'О' => '0',
        'I' | 'L' | 'І' | 'Ӏ' => '1',
        'А' => 'A',
        'В' => 'B',
        'Е' | 'Ё' => 'E',
        'К' => 'K',
        'М' => 'M',
        'Н' => 'H',
        'Р' => 'P',
        'С' => 'C',
        'Т' => 'T',
        'У' | 'Ү' => 'Y',
        'Х' => 'X',
        other => other,
    };
    u8::try_from(latin).ok().filter(|character| ALPHABET.contains(character))
}

/// α·a in GF(32).
const fn times_alpha(a: u8) -> u8 {
    let doubled = a << 1;
    if doubled & 0x20 == 0 { doubled } else { doubled ^ 0x25 }
}

fn times(mut a: u8, mut b: u8) -> u8 {
    let mut product = 0;
    while b != 0 {
        if b & 1 == 1 {
            product ^= a;
        }
        a = times_alpha(a);
        b >>= 1;
    }
    product
}

/// Σ c[i]·α^i.
fn sum(numbers: &[u8]) -> u8 {
    let mut weight = 1;
    numbers.iter().fold(0, |sum, number| {
        let next = sum ^ times(*number, weight);
        weight = times_alpha(weight);
        next
    })
}

/// The number c[16] that makes the sum zero: in a field of characteristic 2, Σ(payload) / α^16, and 1/α^16 = α^15 since α^31 = 1.
fn check_number(payload: &[u8]) -> u8 {
    (0..15).fold(sum(payload), |value, _| times_alpha(value))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn code(seed: u8) -> PaperCode {
        PaperCode::from_random(blake3::hash(&[seed]).as_bytes()[..CODE_RANDOM_BYTES].try_into().unwrap())
    }

    #[test]
    fn the_bits_become_characters_and_nothing_is_lost() {
        assert_eq!(PaperCode::from_random(&[0; 10]).as_str(), "00000000000000000");
        assert_eq!(&PaperCode::from_random(&[0xFF; 10]).as_str()[..16], "ZZZZZZZZZZZZZZZZ");
        // 00001 00010 00011 00100 00101 00110 00111 01000: every character takes its own five bits.
        let counted = PaperCode::from_random(&[0x08, 0x86, 0x42, 0x98, 0xE8, 0, 0, 0, 0, 0]);
        assert_eq!(&counted.as_str()[..16], "1234567800000000");
        assert_eq!(counted.grouped().split(' ').map(str::len).collect::<Vec<_>>(), [4, 4, 4, 4, 1]);
    }

    /// The argument in the module's head, checked in full: the code is linear, so it is enough that no two weights are the same and none
    /// is zero, and that products with them are zero only for zero.
    #[test]
    fn every_substitution_and_every_transposition_is_seen() {
        let weights: Vec<u8> = std::iter::successors(Some(1), |weight| Some(times_alpha(*weight))).take(CODE_CHARACTERS).collect();
        for (i, a) in weights.iter().enumerate() {
            for difference in 1..32 {
                assert_ne!(times(difference, *a), 0, "a substitution at {i}");
                for (j, b) in weights.iter().enumerate().filter(|(j, _)| *j != i) {
                    assert_ne!(times(difference, *a ^ *b), 0, "{i} and {j} changed places");
                }
            }
        }
    }

    /// The same by trying it: all 17·31 substitutions and all 136 exchanges of 50 codes.
    #[test]
    fn every_mistake_of_these_sorts_in_fifty_codes_is_seen() {
        for seed in 0..50 {
            let right = code(seed);
            assert_eq!(right.as_str().parse::<PaperCode>().unwrap(), right);
            for i in 0..CODE_CHARACTERS {
                for other in ALPHABET.iter().filter(|other| **other != right.0[i]) {
                    let mut wrong = right.0;
                    wrong[i] = *other;
                    assert_eq!(std::str::from_utf8(&wrong).unwrap().parse::<PaperCode>(), Err(CodeRefusal::Check));
                }
                for j in (0..i).filter(|j| right.0[*j] != right.0[i]) {
                    let mut wrong = right.0;
                    wrong.swap(i, j);
                    assert_eq!(std::str::from_utf8(&wrong).unwrap().parse::<PaperCode>(), Err(CodeRefusal::Check));
                }
            }
        }
    }

    #[test]
    fn people_may_type_it_in_many_ways() {
        let right = code(7);
        let grouped = right.grouped();
        let spellings = [
            grouped.clone(),
            grouped.replace(' ', "-"),
            grouped.to_lowercase(),
            format!("  {}\n", right.as_str()),
            grouped.replace(' ', "\u{A0}– "),
        ];
        for spelling in spellings {
            assert_eq!(spelling.parse::<PaperCode>().unwrap(), right, "{spelling}");
        }
        let zeros = PaperCode::from_random(&[0; 10]);
        assert_eq!("OOoo ооОО 0000 0000 o".parse::<PaperCode>().unwrap(), zeros);
        let ones = PaperCode::from_random(&[0x08, 0x42, 0x10, 0x84, 0x21, 0x08, 0x42, 0x10, 0x84, 0x21]);
        assert_eq!(&ones.as_str()[..16], "1111111111111111");
        assert_eq!(format!("IlLі 1i1I LLLL llll {}", &ones.as_str()[16..]).parse::<PaperCode>().unwrap(), ones);
        for (latin, cyrillic) in "ABCEHKMPTXY".chars().zip("АВСЕНКМРТХУ".chars()) {
            assert_eq!((folded(cyrillic), folded(cyrillic.to_lowercase().next().unwrap())), (Some(latin as u8), Some(latin as u8)));
        }
    }

    #[test]
    fn what_is_wrong_is_said_without_repeating_it() {
        let short = code(1).as_str()[..16].parse::<PaperCode>().unwrap_err();
        assert_eq!(short, CodeRefusal::Length { found: 16 });
        assert_eq!(format!("{}7", code(1).as_str()).parse::<PaperCode>(), Err(CodeRefusal::Length { found: 18 }));
        assert_eq!("7K3U".parse::<PaperCode>(), Err(CodeRefusal::Character { place: 4 }));
        assert_eq!("".parse::<PaperCode>(), Err(CodeRefusal::Length { found: 0 }));
        assert_eq!("é".repeat(1000).parse::<PaperCode>(), Err(CodeRefusal::Character { place: 1 }));
        assert_eq!(format!("{:?}", code(1)), "PaperCode(hidden)");
    }

    #[test]
    fn a_lock_and_a_card_key_follow_from_the_characters() {
        let code = code(3);
        assert!(code.as_str().parse::<crate::event::kinds::SlipCode>().is_ok(), "the ledger's grammar for codes");
        assert_eq!(code.lock(), Blake3Hash::of(code.as_str().as_bytes()));
        let seed = blake3::Hasher::new_derive_key("aidledger recipient card v1").update(code.as_str().as_bytes()).finalize();
        assert_eq!(code.card_key().public(), SecretKey::from_seed(seed.as_bytes()).public());
    }
}
