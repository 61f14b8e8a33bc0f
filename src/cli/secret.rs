//! Where a passphrase comes from.
//!
//! In this order, the first that is given:
//!
//! 1. `--passphrase-file FILE`: its first line;
//! 2. the environment variable `AIDLEDGER_PASSPHRASE_FILE`, which names such a file;
//! 3. the terminal, without echo; twice when a key is made.
//!
//! Never an argument and never the environment itself: both are shown to other accounts by `ps`, and kept by shells and
//! service managers. A passphrase file that others may read is refused. What is read is as OpenSSL's `-passin file:` reads it, so one file
//! serves both.

use std::ffi::OsString;
use std::io;
use std::path::{Path, PathBuf};

use thiserror::Error;
use zeroize::Zeroizing;

use crate::crypto::keyfile::{KeyFileError, read_private};

/// Names a file whose first line is the passphrase.
pub const PASSPHRASE_FILE_VARIABLE: &str = "AIDLEDGER_PASSPHRASE_FILE";

/// OpenSSL cuts longer lines off, and then one of the two programs would not open what the other wrote.
pub const PASSPHRASE_BYTES_MAX: usize = 1023;

/// What the passphrase is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Purpose {
    /// To open a key file that exists: asked for once.
    Open,
    /// To make a key file: asked for twice, since nobody can find out later what was mistyped.
    Create,
}

/// Why there is no passphrase. Every message ends with what to try.
#[derive(Debug, Error)]
pub enum SecretError {
    /// The passphrase file cannot be read, or others can read it.
    #[error(transparent)]
    File(#[from] KeyFileError),
    /// Nothing was typed, or the first line of the file is empty.
    #[error("the passphrase is empty; choose one of several words")]
    Empty,
    /// OpenSSL would use only the beginning.
    #[error("the passphrase is longer than {PASSPHRASE_BYTES_MAX} bytes; choose a shorter one")]
    TooLong,
    /// The two that were typed are not the same.
    #[error("the two passphrases differ; try again")]
    Differ,
    /// The person at the terminal closed it or pressed Ctrl-D.
    #[error("no passphrase was typed; try again")]
    Cancelled,
    /// Nobody can be asked: a service, a script, a pipe.
    #[error(
        "there is no terminal to ask for the passphrase on; \
         put it into a file, `chmod 600` it, and name it with --passphrase-file or {PASSPHRASE_FILE_VARIABLE}"
    )]
    NoTerminal,
}

/// A passphrase; wiped when dropped, never printed.
pub struct Passphrase(Zeroizing<Vec<u8>>);

impl Passphrase {
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }
}

impl std::fmt::Debug for Passphrase {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Passphrase(hidden)")
    }
}

/// Finds the passphrase for the key file `subject`. `file` is the value of `--passphrase-file`.
///
/// # Errors
/// [`SecretError`].
pub fn passphrase(file: Option<&Path>, purpose: Purpose, subject: &Path) -> Result<Passphrase, SecretError> {
    match source(file, std::env::var_os(PASSPHRASE_FILE_VARIABLE)) {
        Source::File(path) => from_file(&path),
        Source::Terminal => from_terminal(purpose, subject, &mut ask),
    }
}

#[derive(Debug, PartialEq, Eq)]
enum Source {
    File(PathBuf),
    Terminal,
}

/// An empty variable counts as none, as it does in most programs.
fn source(file: Option<&Path>, variable: Option<OsString>) -> Source {
    match (file, variable) {
        (Some(path), _) => Source::File(path.into()),
        (None, Some(path)) if !path.is_empty() => Source::File(path.into()),
        _ => Source::Terminal,
    }
}

fn from_file(path: &Path) -> Result<Passphrase, SecretError> {
    // Room for the longest line, its end, and one byte that shows there is more.
    let text = read_private(path, PASSPHRASE_BYTES_MAX + 3)?;
    checked(first_line(&text))
}

/// Returns the text before the first line end, of either kind.
fn first_line(text: &[u8]) -> &[u8] {
    let line = text.split(|&byte| byte == b'\n').next().unwrap_or(text);
    line.strip_suffix(b"\r").unwrap_or(line)
}

fn checked(passphrase: &[u8]) -> Result<Passphrase, SecretError> {
    match passphrase.len() {
        0 => Err(SecretError::Empty),
        1..=PASSPHRASE_BYTES_MAX => Ok(Passphrase(Zeroizing::new(passphrase.to_vec()))),
        _ => Err(SecretError::TooLong),
    }
}

fn from_terminal(
    purpose: Purpose,
    subject: &Path,
    ask: &mut dyn FnMut(&str) -> Result<Zeroizing<String>, SecretError>,
) -> Result<Passphrase, SecretError> {
    let subject = subject.display();
    let question = match purpose {
        Purpose::Open => format!("Passphrase of {subject}: "),
        Purpose::Create => format!("New passphrase for {subject}: "),
    };
    let first = ask(&question)?;
    let passphrase = checked(first.as_bytes())?;
    if purpose == Purpose::Create && *ask("The same once more: ")? != *first {
        return Err(SecretError::Differ);
    }
    Ok(passphrase)
}

/// Asks on the terminal itself, so that standard input and output stay free for data.
fn ask(question: &str) -> Result<Zeroizing<String>, SecretError> {
    match rpassword::prompt_password(question) {
        Ok(typed) => Ok(Zeroizing::new(typed)),
        Err(error) => Err(match error.kind() {
            io::ErrorKind::UnexpectedEof | io::ErrorKind::Interrupted => SecretError::Cancelled,
            _ => SecretError::NoTerminal,
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_argument_comes_before_the_variable_and_both_before_the_terminal() {
        let flag = Path::new("flag");
        let variable = || Some(OsString::from("variable"));
        assert_eq!(source(Some(flag), variable()), Source::File("flag".into()));
        assert_eq!(source(None, variable()), Source::File("variable".into()));
        assert_eq!(source(None, Some(OsString::new())), Source::Terminal);
        assert_eq!(source(None, None), Source::Terminal);
    }

    #[test]
    fn only_the_first_line_counts() {
        for (text, line) in [
            ("bread", "bread"),
            ("bread\n", "bread"),
            ("bread\r\n", "bread"),
            ("bread\nsalt\n", "bread"),
            (" bread \n", " bread "),
            ("\nbread", ""),
            ("", ""),
        ] {
            assert_eq!(first_line(text.as_bytes()), line.as_bytes(), "{text:?}");
        }
    }

    /// Asks a person who types these answers, and returns the outcome and how often they were asked.
    fn typed(purpose: Purpose, answers: &[&str]) -> (Result<Passphrase, SecretError>, usize, String) {
        let (mut asked, mut questions) = (0, String::new());
        let outcome = from_terminal(purpose, Path::new("head.pem"), &mut |question| {
            questions.push_str(question);
            asked += 1;
            Ok(Zeroizing::new(answers[asked - 1].to_owned()))
        });
        (outcome, asked, questions)
    }

    #[test]
    fn a_new_passphrase_is_asked_for_twice() {
        let (outcome, asked, questions) = typed(Purpose::Open, &["bread"]);
        assert_eq!((outcome.unwrap().as_bytes(), asked), (&b"bread"[..], 1));
        assert!(questions.contains("head.pem"));
        let (outcome, asked, _) = typed(Purpose::Create, &["bread", "bread"]);
        assert_eq!((outcome.unwrap().as_bytes(), asked), (&b"bread"[..], 2));
        let (outcome, _, _) = typed(Purpose::Create, &["bread", "salt"]);
        assert!(matches!(outcome, Err(SecretError::Differ)));
        let (outcome, asked, _) = typed(Purpose::Create, &[""]);
        assert!(matches!((outcome, asked), (Err(SecretError::Empty), 1)));
    }

    #[test]
    fn a_passphrase_is_not_printed() {
        let (outcome, _, _) = typed(Purpose::Open, &["bread"]);
        assert_eq!(format!("{:?}", outcome.unwrap()), "Passphrase(hidden)");
    }

    #[cfg(unix)]
    #[test]
    fn a_passphrase_file_is_private_and_has_a_line() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("pass");
        let check = |text: &[u8], mode: u32| {
            std::fs::write(&path, text).unwrap();
            std::fs::set_permissions(&path, PermissionsExt::from_mode(mode)).unwrap();
            passphrase(Some(&path), Purpose::Create, Path::new("head.pem"))
        };
        assert_eq!(check(b"bread\nsalt", 0o600).unwrap().as_bytes(), b"bread");
        assert_eq!(check(b"bread", 0o400).unwrap().as_bytes(), b"bread");
        for mode in [0o640, 0o604, 0o620, 0o777] {
            let error = check(b"bread", mode).unwrap_err().to_string();
            assert!(error.contains("chmod 600") && error.contains("pass"), "{error}");
        }
        assert!(matches!(check(b"", 0o600), Err(SecretError::Empty)));
        assert!(matches!(check(b"\nbread", 0o600), Err(SecretError::Empty)));
        let longest = [b'x'; PASSPHRASE_BYTES_MAX];
        assert_eq!(check(&longest, 0o600).unwrap().as_bytes(), longest);
        let crlf = [&longest[..], b"\r\nmore"].concat();
        assert_eq!(check(&crlf, 0o600).unwrap().as_bytes(), longest);
        let longer = [&longest[..], b"x\r\n"].concat();
        assert!(matches!(check(&longer, 0o600), Err(SecretError::TooLong)));
        let missing = passphrase(Some(Path::new("no/such")), Purpose::Open, Path::new("head.pem"));
        assert!(missing.unwrap_err().to_string().contains("no/such"));
    }
}
