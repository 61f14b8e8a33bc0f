//! The command line as the people of an organization use it, with a vault.

use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};

use aidledger::vault::Vault;
use aidledger::vault::seal::Cost;
use serde_json::Value;

/// Nobody guesses at a test's passphrase.
pub const CHEAP: Cost = Cost { log_n: 4, r: 8, p: 1 };

/// A folder with a ledger, passphrase files, and vaults beside it.
pub struct Office {
    pub scratch: tempfile::TempDir,
}

/// What one command said.
pub struct Said {
    pub stdout: String,
    pub stderr: String,
}

impl Said {
    pub fn json(&self) -> Value {
        serde_json::from_str(&self.stdout).unwrap_or_else(|error| panic!("--json gives JSON: {error}: {}", self.stdout))
    }
}

impl Office {
    /// A ledger with rice and a programme for persons.
    pub fn open() -> Office {
        let office = Office { scratch: tempfile::tempdir().expect("a folder") };
        office.private("passphrase", "bread and salt\n");
        office.private("exchange", "another passphrase\n");
        for words in [
            &["init", "--name", "Our fund", "--no-passphrase"][..],
            &["item", "rice", "--name", "en:Rice", "--name", "kk:Күріш", "--unit", "kg", "--decimals", "3", "--category", "food"],
            &["region", "north", "--name", "North"],
            &["programme", "open", "winter", "--name", "Winter"],
            &["donate", "500", "rice"],
        ] {
            office.run(0, words);
        }
        office
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.scratch.path().join(name)
    }

    /// Writes a file that only its owner reads.
    pub fn private(&self, name: &str, text: &str) {
        std::fs::write(self.path(name), text).expect("written");
        #[cfg(unix)]
        std::fs::set_permissions(self.path(name), std::os::unix::fs::PermissionsExt::from_mode(0o600)).expect("private");
    }

    fn output(&self, words: &[&str], input: &str) -> Output {
        let mut child = Command::new(env!("CARGO_BIN_EXE_aidledger"))
            .args(words)
            .current_dir(self.scratch.path())
            .env_remove("AIDLEDGER_LEDGER")
            .env_remove("AIDLEDGER_KEY")
            .env_remove("AIDLEDGER_VAULT")
            .env_remove("AIDLEDGER_VAULT_PASSPHRASE_FILE")
            .env("AIDLEDGER_PASSPHRASE_FILE", self.path("passphrase"))
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .expect("the program runs");
        // The command may end without reading.
        let _ = std::io::Write::write_all(child.stdin.as_mut().expect("a pipe"), input.as_bytes());
        child.wait_with_output().expect("it ends")
    }

    /// Runs a command that must end with this status.
    pub fn run(&self, status: i32, words: &[&str]) -> Said {
        self.run_with(status, words, "")
    }

    /// The same with something on stdin.
    pub fn run_with(&self, status: i32, words: &[&str], input: &str) -> Said {
        let output = self.output(words, input);
        let said =
            Said { stdout: String::from_utf8(output.stdout).expect("UTF-8"), stderr: String::from_utf8(output.stderr).expect("UTF-8") };
        assert_eq!(output.status.code(), Some(status), "{words:?}: {}{}", said.stdout, said.stderr);
        assert!(!said.stderr.contains("panicked"), "{words:?}: {}", said.stderr);
        said
    }

    /// A vault whose passphrase is cheap to try, so that tests are quick; `vault init` makes dear ones.
    pub fn vault(&self, name: &str) {
        Vault::create(&self.path(name), b"bread and salt", CHEAP).expect("made");
    }

    pub fn add(&self, vault: &str, handle: &str, lines: &str) {
        self.run_with(0, &["vault", "add-person", handle, "--from", "-", "--vault", vault], lines);
    }
}

/// Every file below a folder with its bytes.
pub fn files(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder") {
        let path = entry.expect("an entry").path();
        match path.is_dir() {
            true => found.extend(files(&path)),
            false => found.push((path.clone(), std::fs::read(&path).expect("a file"))),
        }
    }
    found
}

pub fn holds(bytes: &[u8], word: &[u8]) -> bool {
    !word.is_empty() && bytes.windows(word.len()).any(|window| window == word)
}
