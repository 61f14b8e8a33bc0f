//! What a vault holds, in memory. Pure: changes are planned here and written by [`super::file`].
//!
//! ```text
//! intake      the secret that makes uniqueness tags
//! people      handle -> identity number?, fields (name, phone, …), enrolments {token, programme, period, salt, identity, card}
//! slips       recipient's token, code; the assignment is the one whose lock is the code's
//! receipts    code, and a person's handle, salt, identity; the donation is the one whose receipt is the code's lock
//! evidence    commitment -> salt, file's hash, its own key, note?, person?
//! backups     where copies were put
//! ```
//!
//! A *handle* is the organization's own label of a person, like `k-017`: it may stand on a slip, so let it say nothing.
//! An enrolment keeps the identity as it was committed to, since a phone number changes and the commitment does not.

use std::collections::BTreeMap;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};
use zeroize::Zeroizing;

use super::formulas::{FIELD_BYTES_MAX, IdentityNumber, Period, identity_commitment, identity_text, uniqueness_tag};
use super::secret::{SecretBytes, SecretText, as_text};
use crate::crypto::{Blake3Hash, PaperCode};
use crate::event::{Code, Token};

/// Everything in a vault.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Content {
    pub intake: SecretBytes,
    pub people: BTreeMap<String, Person>,
    pub slips: Vec<Slip>,
    pub receipts: Vec<Receipt>,
    pub evidence: Vec<Evidence>,
    pub backups: Vec<PathBuf>,
}

/// A person: who it is, and under which tokens the ledger knows them.
#[derive(Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Person {
    pub number: Option<IdentityNumber>,
    pub fields: BTreeMap<String, SecretText>,
    pub enrolments: Vec<Enrolment>,
}

/// A person in a programme.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Enrolment {
    pub token: Token,
    #[serde(with = "as_text")]
    pub programme: Code,
    #[serde(with = "as_text")]
    pub period: Period,
    pub salt: SecretBytes,
    /// What the commitment commits to.
    pub identity: SecretText,
    /// The code on the recipient's card.
    pub card: SecretText,
    /// Whether the ledger's enrolment was reversed: its token is used up, and an auditor may still ask whom it stood for.
    pub retired: bool,
}

impl Enrolment {
    /// Whether it is the one in use for a programme and period.
    pub fn is_for(&self, programme: &Code, period: &Period) -> bool {
        !self.retired && self.programme == *programme && self.period == *period
    }
    /// What stands in the ledger for who it is.
    pub fn commitment(&self) -> Blake3Hash {
        identity_commitment(&self.salt, &self.identity)
    }
    /// The code on the card.
    pub fn card(&self) -> PaperCode {
        self.card.parse().expect("a vault holds codes that were made here")
    }
}

/// The slip of an assignment.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Slip {
    pub recipient: Token,
    pub code: SecretText,
}

/// The receipt of a donation.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Receipt {
    pub code: SecretText,
    pub donor: Option<DonorIdentity>,
}

/// Who a donor is.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DonorIdentity {
    pub person: String,
    pub salt: SecretBytes,
    pub identity: SecretText,
}

impl DonorIdentity {
    /// What stands in the ledger for who it is.
    pub fn commitment(&self) -> Blake3Hash {
        identity_commitment(&self.salt, &self.identity)
    }
}

/// A file of evidence, sealed beside the vault.
#[derive(Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    #[serde(with = "as_text")]
    pub commitment: Blake3Hash,
    pub salt: SecretBytes,
    #[serde(with = "as_text")]
    pub file_hash: Blake3Hash,
    /// The file's name, without its folder.
    pub name: SecretText,
    pub len_bytes: u64,
    /// The name of the sealed file in the vault's folder of evidence.
    pub blob: String,
    pub key: SecretBytes,
    pub note: Option<SecretText>,
    /// Whom it shows.
    pub person: Option<String>,
}

/// What an erasure takes away.
#[derive(Debug, Default, Clone, PartialEq, Eq)]
pub struct Erased {
    pub enrolments: usize,
    pub slips: usize,
    pub receipts: usize,
    /// The sealed files to remove.
    pub blobs: Vec<String>,
}

/// Why something does not enter a vault. Nothing of what it is about is repeated.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum ContentFault {
    #[error("a handle is 1 to 40 letters, digits, `-`, `_` and `.`, like k-017")]
    HandleForm,
    #[error("the vault holds somebody under this handle already")]
    HandleTaken,
    #[error("the vault holds nobody under this handle")]
    HandleUnknown,
    #[error("a field's name is 1 to 30 small letters, digits and `-`, like phone; `{0}` is not")]
    FieldName(String),
    #[error("a field holds 1 to {FIELD_BYTES_MAX} bytes; `{0}` does not")]
    FieldValue(String),
    #[error("line {0} is not `field: value`")]
    FieldLine(usize),
    #[error("{0}")]
    Number(&'static str),
    #[error("another person in the vault, {0}, has this identity number")]
    NumberTaken(String),
    #[error("the vault holds no identity number of this person, so no uniqueness tag can be made")]
    NumberMissing,
}

/// Whether a text can be a handle.
pub fn is_handle(text: &str) -> bool {
    (1..=40).contains(&text.len()) && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
}

impl Content {
    /// An empty vault.
    pub fn new(intake: SecretBytes) -> Content {
        Content { intake, people: BTreeMap::new(), slips: Vec::new(), receipts: Vec::new(), evidence: Vec::new(), backups: Vec::new() }
    }

    /// The person under a handle.
    ///
    /// # Errors
    /// [`ContentFault::HandleUnknown`].
    pub fn person(&self, handle: &str) -> Result<&Person, ContentFault> {
        self.people.get(handle).ok_or(ContentFault::HandleUnknown)
    }

    /// Adds a person, or with `change` replaces the fields that `lines` names of one who is there.
    ///
    /// `lines` are `field: value`, one a line; `number` is the identity number.
    ///
    /// # Errors
    /// [`ContentFault`].
    pub fn put_person(&mut self, handle: &str, lines: &str, change: bool) -> Result<(), ContentFault> {
        if !is_handle(handle) {
            return Err(ContentFault::HandleForm);
        }
        match (self.people.contains_key(handle), change) {
            (true, false) => return Err(ContentFault::HandleTaken),
            (false, true) => return Err(ContentFault::HandleUnknown),
            _ => {}
        }
        let (number, fields) = read_fields(lines)?;
        if let Some(number) = &number
            && let Some((other, _)) = self.people.iter().find(|(other, person)| *other != handle && person.number.as_ref() == Some(number))
        {
            return Err(ContentFault::NumberTaken(other.clone()));
        }
        let person = self.people.entry(handle.to_owned()).or_default();
        person.number = number.or(person.number.take());
        person.fields.extend(fields);
        Ok(())
    }

    /// The uniqueness tag of a person in a programme and period.
    ///
    /// # Errors
    /// [`ContentFault::HandleUnknown`], [`ContentFault::NumberMissing`].
    pub fn tag(&self, handle: &str, programme: &Code, period: &Period) -> Result<Blake3Hash, ContentFault> {
        let number = self.person(handle)?.number.as_ref().ok_or(ContentFault::NumberMissing)?;
        Ok(uniqueness_tag(&self.intake, number, programme, period))
    }

    /// Plans an enrolment, or gives the one that is planned already: a crash or a refusal in between costs nothing.
    ///
    /// `token`, `salt` and `card` are fresh and random.
    ///
    /// # Errors
    /// [`ContentFault::HandleUnknown`].
    pub fn enrol(
        &mut self,
        handle: &str,
        programme: Code,
        period: Period,
        (token, salt, card): (Token, SecretBytes, &PaperCode),
    ) -> Result<&Enrolment, ContentFault> {
        let person = self.people.get_mut(handle).ok_or(ContentFault::HandleUnknown)?;
        let place = match person.enrolments.iter().position(|enrolment| enrolment.is_for(&programme, &period)) {
            Some(place) => place,
            None => {
                let identity = identity_text(person.number.as_ref(), &person.fields);
                let card = Zeroizing::new(card.as_str().to_owned());
                person.enrolments.push(Enrolment { token, programme, period, salt, identity, card, retired: false });
                person.enrolments.len() - 1
            }
        };
        Ok(&person.enrolments[place])
    }

    /// Takes back a planned enrolment that the ledger refused.
    pub fn forget_enrolment(&mut self, token: &Token) {
        for person in self.people.values_mut() {
            person.enrolments.retain(|enrolment| enrolment.token != *token);
        }
    }

    /// Sets aside an enrolment that was reversed in the ledger.
    pub fn retire_enrolment(&mut self, token: &Token) {
        let enrolments = self.people.values_mut().flat_map(|person| &mut person.enrolments);
        enrolments.filter(|enrolment| enrolment.token == *token).for_each(|enrolment| enrolment.retired = true);
    }

    /// The code whose lock this is, among slips and receipts.
    pub fn code_of(&self, lock: &Blake3Hash) -> Option<PaperCode> {
        let codes = self.slips.iter().map(|slip| &slip.code).chain(self.receipts.iter().map(|receipt| &receipt.code));
        codes.filter_map(|code| code.parse::<PaperCode>().ok()).find(|code| code.lock() == *lock)
    }

    /// Takes back a code whose event the ledger refused.
    pub fn forget_code(&mut self, code: &PaperCode) {
        self.slips.retain(|slip| *slip.code != code.as_str());
        self.receipts.retain(|receipt| *receipt.code != code.as_str());
    }

    /// Who a person is, with a fresh salt, for a commitment.
    ///
    /// # Errors
    /// [`ContentFault::HandleUnknown`].
    pub fn donor(&self, handle: &str, salt: SecretBytes) -> Result<DonorIdentity, ContentFault> {
        let person = self.person(handle)?;
        Ok(DonorIdentity { person: handle.to_owned(), salt, identity: identity_text(person.number.as_ref(), &person.fields) })
    }

    /// The person and enrolment of a token.
    pub fn enrolment_of(&self, token: &Token) -> Option<(&str, &Enrolment)> {
        self.people.iter().find_map(|(handle, person)| {
            person.enrolments.iter().find(|enrolment| enrolment.token == *token).map(|enrolment| (handle.as_str(), enrolment))
        })
    }

    /// Takes everything of a person out: fields, enrolments with their cards, slips, receipts, evidence.
    ///
    /// In the content of a backup, which may be older than the enrolments, `tokens` are those that the vault knows.
    pub fn erase(&mut self, handle: &str, tokens: &[Token]) -> Erased {
        let person = self.people.remove(handle).unwrap_or_default();
        let of_person = |token: &Token| tokens.contains(token) || person.enrolments.iter().any(|enrolment| enrolment.token == *token);
        let (slips, receipts) = (self.slips.len(), self.receipts.len());
        self.slips.retain(|slip| !of_person(&slip.recipient));
        self.receipts.retain(|receipt| receipt.donor.as_ref().is_none_or(|donor| donor.person != handle));
        let gone = self.evidence.extract_if(.., |evidence| evidence.person.as_deref() == Some(handle));
        let blobs = gone.map(|evidence| evidence.blob.clone()).collect();
        Erased { enrolments: person.enrolments.len(), slips: slips - self.slips.len(), receipts: receipts - self.receipts.len(), blobs }
    }

    /// The evidence of a commitment.
    pub fn evidence(&self, commitment: &Blake3Hash) -> Option<&Evidence> {
        self.evidence.iter().find(|evidence| evidence.commitment == *commitment)
    }
}

/// Number and fields of a person.
type Fields = (Option<IdentityNumber>, BTreeMap<String, SecretText>);

fn read_fields(lines: &str) -> Result<Fields, ContentFault> {
    let (mut number, mut fields) = (None, BTreeMap::new());
    for (place, line) in lines.lines().enumerate().filter(|(_, line)| !line.trim().is_empty()) {
        let (name, value) = line.split_once(':').ok_or(ContentFault::FieldLine(place + 1))?;
        let (name, value) = (name.trim(), value.trim());
        let good = (1..=30).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !good {
            // A line without a field's name may begin with the person's.
            let shown = if name.len() <= 30 && name.is_ascii() && !name.contains(' ') { name } else { "the text before the colon" };
            return Err(ContentFault::FieldName(shown.to_owned()));
        }
        if value.is_empty() || value.len() > FIELD_BYTES_MAX || value.chars().any(char::is_control) {
            return Err(ContentFault::FieldValue(name.to_owned()));
        }
        match name {
            "number" => number = Some(value.parse().map_err(ContentFault::Number)?),
            _ => _ = fields.insert(name.to_owned(), Zeroizing::new(value.to_owned())),
        }
    }
    Ok((number, fields))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn filled() -> Content {
        let mut content = Content::new(SecretBytes([1; 32]));
        content.put_person("k-1", "name: Айша\nnumber: AB 123\nphone: +7 763 555 01 23\n", false).unwrap();
        content.put_person("k-2", "name: Other\n", false).unwrap();
        content
    }

    #[test]
    fn a_person_is_added_once_and_changed_by_name() {
        let mut content = filled();
        assert_eq!(content.put_person("k-1", "name: B", false), Err(ContentFault::HandleTaken));
        assert_eq!(content.put_person("k-9", "name: B", true), Err(ContentFault::HandleUnknown));
        assert_eq!(content.put_person("k 9", "name: B", false), Err(ContentFault::HandleForm));
        assert_eq!(content.put_person("k-3", "number: ab-123", false), Err(ContentFault::NumberTaken("k-1".into())));
        content.put_person("k-1", "phone: none", true).unwrap();
        let person = content.person("k-1").unwrap();
        assert_eq!((person.fields["phone"].as_str(), person.fields["name"].as_str()), ("none", "Айша"));
        assert!(person.number.is_some());
    }

    #[test]
    fn a_fault_does_not_repeat_who_it_is() {
        let mut content = filled();
        for (lines, fault) in
            [("Айша Смаилова", "line 1"), ("Айша Смаилова: x", "the text before"), ("number: АВ991231", ""), ("name:", "`name`")]
        {
            let said = content.put_person("k-3", lines, false).unwrap_err().to_string();
            assert!(said.contains(fault) && !said.contains("Айша") && !said.contains("991231"), "{said}");
        }
    }

    #[test]
    fn a_planned_enrolment_is_given_again() {
        let mut content = filled();
        let (winter, january): (Code, Period) = ("winter".parse().unwrap(), "2026-01".parse().unwrap());
        let fresh = |seed: u8| (Token([seed; 16]), SecretBytes([seed; 32]), PaperCode::from_random(&[seed; 10]));
        let (token, salt, card) = fresh(1);
        let first = content.enrol("k-1", winter, january.clone(), (token, salt, &card)).unwrap();
        assert_eq!(
            first.commitment(),
            identity_commitment(&SecretBytes([1; 32]), r#"{"name":"Айша","number":"AB123","phone":"+7 763 555 01 23"}"#)
        );
        let (token, salt, card) = fresh(2);
        assert_eq!(content.enrol("k-1", winter, january, (token, salt, &card)).unwrap().token, Token([1; 16]));
        let (token, salt, card) = fresh(3);
        assert_eq!(content.enrol("k-1", winter, Period::default(), (token, salt, &card)).unwrap().token, Token([3; 16]));
        assert_eq!(content.enrolment_of(&Token([3; 16])).unwrap().0, "k-1");
    }
}
