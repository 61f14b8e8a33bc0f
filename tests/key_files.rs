//! Promises about key files: they round-trip, they say what is wrong without showing what is in them, OpenSSL reads ours and
//! we read OpenSSL's.
#![cfg(unix)]

use std::os::unix::fs::PermissionsExt;
use std::path::Path;
use std::process::Command;

use aidledger::crypto::keyfile::*;
use aidledger::crypto::{SecretKey, verify_strict};

const PASSPHRASE: Protection<'static> = Protection::Passphrase(b"correct horse battery");

const RANDOMNESS: SealRandomness = SealRandomness { salt: *b"0123456789abcdef", initialization_vector: *b"fedcba9876543210" };

fn key() -> SecretKey {
    SecretKey::from_seed(&[7; 32])
}

fn sealed() -> String {
    encode(&key(), PASSPHRASE, &RANDOMNESS).unwrap().to_string()
}

fn plain() -> String {
    encode(&key(), Protection::None, &RANDOMNESS).unwrap().to_string()
}

#[test]
fn round_trips() {
    for (text, protection) in [(sealed(), PASSPHRASE), (plain(), Protection::None)] {
        let read = decode(text.as_bytes(), protection).unwrap();
        assert_eq!(read.public(), key().public());
        assert!(verify_strict(key().public(), b"bread", &read.sign(b"bread")));
        assert!(text.ends_with("-----\n"));
        let windows = text.replace('\n', "\r\n");
        assert!(decode(windows.as_bytes(), protection).is_ok());
    }
    assert!(is_encrypted(sealed().as_bytes()));
    assert!(!is_encrypted(plain().as_bytes()));
    assert_eq!(sealed(), sealed(), "all randomness is an argument");
}

/// One file, opened in one way, refused for one reason.
fn refused(text: &str, protection: Protection<'_>, with: fn(&KeyFileError) -> bool) -> String {
    let error = decode(text.as_bytes(), protection).expect_err("the file must be refused");
    assert!(with(&error), "{error:?} for {text}");
    error.to_string()
}

#[test]
fn refusals_say_what_to_try() {
    let message = refused(&sealed(), Protection::Passphrase(b"wrong"), |e| matches!(e, KeyFileError::WrongPassphrase));
    assert!(message.contains("try it again"), "{message}");
    refused(&sealed(), Protection::None, |e| matches!(e, KeyFileError::PassphraseNeeded));
    refused(&sealed(), Protection::Passphrase(b""), |e| matches!(e, KeyFileError::EmptyPassphrase));
    let message = refused(&plain(), PASSPHRASE, |e| matches!(e, KeyFileError::NotEncrypted));
    assert!(message.contains("openssl pkcs8 -topk8"), "{message}");
    for label in ["EC ", "RSA ", "OPENSSH "] {
        let other = plain().replace("PRIVATE", &format!("{label}PRIVATE"));
        refused(&other, Protection::None, |e| matches!(e, KeyFileError::OtherFormat));
    }
    let public = plain().replace("PRIVATE", "PUBLIC");
    refused(&public, PASSPHRASE, |e| matches!(e, KeyFileError::PublicKeyFile));
    let certificate = plain().replace("PRIVATE KEY", "CERTIFICATE");
    for text in ["", "hello", &certificate, &"x".repeat(KEY_FILE_BYTES_MAX + 1)] {
        refused(text, Protection::None, |e| matches!(e, KeyFileError::NotAKeyFile));
    }
    let unprotected = encode(&key(), Protection::Passphrase(b""), &RANDOMNESS);
    assert!(matches!(unprotected, Err(KeyFileError::EmptyPassphrase)));
}

/// Version 2 holds the public key too, and then it must be the right one.
#[test]
fn version_2_is_read_and_its_halves_compared() {
    use ed25519_dalek::pkcs8::{EncodePrivateKey, KeypairBytes, PublicKeyBytes};
    let with_public = |public| {
        let pair = KeypairBytes { secret_key: [7; 32], public_key: Some(PublicKeyBytes(public)) };
        pair.to_pkcs8_pem(Default::default()).unwrap()
    };
    let right = decode(with_public(key().public().0).as_bytes(), Protection::None);
    assert_eq!(right.unwrap().public(), key().public());
    refused(&with_public([9; 32]), Protection::None, |e| matches!(e, KeyFileError::HalvesDiffer));
}

/// One wrong passphrase in some 256 decrypts to something with valid padding; it must be told apart from a key all the same.
#[test]
fn no_wrong_passphrase_opens_anything() {
    // A cheap key derivation, so that a thousand passphrases take no time: PBKDF2 with one round.
    use pkcs8::der::{asn1::OctetStringRef, pem::LineEnding};
    let scheme = pkcs8::pkcs5::pbes2::Parameters::generate_pbkdf2_sha256_aes256cbc(1, b"salt", [9; 16]).unwrap();
    let text = plain();
    let (_, document) = pkcs8::SecretDocument::from_pem(&text).unwrap();
    let data = scheme.encrypt(b"right", document.as_bytes()).unwrap();
    let info =
        pkcs8::EncryptedPrivateKeyInfoRef { encryption_algorithm: scheme.into(), encrypted_data: OctetStringRef::new(&data).unwrap() };
    let cheap = pkcs8::SecretDocument::try_from(info).unwrap().to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).unwrap();
    assert!(decode(cheap.as_bytes(), Protection::Passphrase(b"right")).is_ok());
    for number in 0..2000 {
        let wrong = format!("wrong {number}");
        refused(&cheap, Protection::Passphrase(wrong.as_bytes()), |e| matches!(e, KeyFileError::WrongPassphrase));
    }
}

#[test]
fn files_cut_short_are_refused_at_every_byte() {
    // Without the line end a PEM file is still whole.
    for (text, protection) in [(plain(), Protection::None), (sealed(), PASSPHRASE)] {
        for len in 0..text.trim_end().len() {
            refused(&text[..len], protection, |e| matches!(e, KeyFileError::NotAKeyFile));
        }
    }
}

/// A file from a stranger must not be able to ask for all memory or for a year of work.
#[test]
fn unbearable_costs_are_refused_at_once() {
    use pkcs8::der::{asn1::OctetStringRef, pem::LineEnding};
    use pkcs8::pkcs5::pbes2::{EncryptionScheme, Parameters, Pbkdf2Params, ScryptParams};
    use pkcs8::pkcs5::scrypt;
    let scrypt = |log_n, r, p| {
        let params = scrypt::Params::new(log_n, r, p).unwrap();
        ScryptParams::from_params_and_salt(params, b"salt").unwrap()
    };
    let costs = [
        scrypt(25, 8, 1).into(),
        scrypt(14, 8, 17).into(),
        scrypt(4, 30_000, 16).into(),
        Pbkdf2Params::hmac_sha256(10_000_001, b"salt").unwrap().into(),
    ];
    for (number, kdf) in costs.into_iter().enumerate() {
        let encryption = EncryptionScheme::Aes256Cbc { iv: [0; 16] };
        let info = pkcs8::EncryptedPrivateKeyInfoRef {
            encryption_algorithm: Parameters { kdf, encryption }.into(),
            encrypted_data: OctetStringRef::new(&[0; 64]).unwrap(),
        };
        let text = pkcs8::SecretDocument::try_from(info).unwrap().to_pem("ENCRYPTED PRIVATE KEY", LineEnding::LF).unwrap();
        // The third is cheap in memory (its blocks are large, but few) and only wrong.
        match number {
            2 => refused(&text, PASSPHRASE, |e| matches!(e, KeyFileError::WrongPassphrase)),
            _ => refused(&text, PASSPHRASE, |e| matches!(e, KeyFileError::UnsupportedEncryption)),
        };
    }
}

#[test]
fn a_key_file_is_private_and_never_overwritten() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("head.pem");
    write_new(&path, &sealed()).unwrap();
    let mode = |path: &Path| std::fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&path), 0o600);
    assert_eq!(*read(&path).unwrap(), sealed().as_bytes());

    let error = write_new(&path, "other").unwrap_err();
    assert!(matches!(error, KeyFileError::Exists { .. }), "{error}");
    let link = folder.path().join("link.pem");
    std::os::unix::fs::symlink(folder.path().join("elsewhere"), &link).unwrap();
    assert!(matches!(write_new(&link, "other"), Err(KeyFileError::Exists { .. })));
    assert_eq!(*read(&path).unwrap(), sealed().as_bytes());

    for shared in [0o640, 0o604, 0o620, 0o601, 0o777] {
        std::fs::set_permissions(&path, PermissionsExt::from_mode(shared)).unwrap();
        let error = read(&path).unwrap_err().to_string();
        let advice = format!("chmod 600 {}", path.display());
        assert!(error.contains(&advice) && error.contains(&format!("{shared:o}")), "{error}");
    }
    std::fs::set_permissions(&path, PermissionsExt::from_mode(0o400)).unwrap();
    assert!(read(&path).is_ok());

    let large = folder.path().join("large");
    write_new(&large, &"x".repeat(KEY_FILE_BYTES_MAX + 1)).unwrap();
    assert!(matches!(read(&large), Err(KeyFileError::NotAKeyFile)));
    for missing in [read(&folder.path().join("no")).map(drop), write_new(&folder.path().join("no/no"), "")] {
        assert!(missing.unwrap_err().to_string().contains("no"));
    }
    std::fs::set_permissions(folder.path(), PermissionsExt::from_mode(0o755)).unwrap();
    let error = read(folder.path()).unwrap_err().to_string();
    assert!(error.contains("directory"), "{error}");
}

/// Runs `openssl`, or returns `None` where there is none. (CI must have it.)
fn openssl(folder: &Path, arguments: &[&str]) -> Option<std::process::Output> {
    let run = Command::new("openssl").args(arguments).current_dir(folder).output();
    match run {
        Ok(output) => Some(output),
        Err(error) if std::env::var_os("CI").is_some() => panic!("openssl: {error}"),
        Err(error) => {
            println!("skipped, no openssl: {error}");
            None
        }
    }
}

#[test]
fn openssl_reads_ours() {
    let folder = tempfile::tempdir().unwrap();
    let write = |name: &str, text: &str| write_new(&folder.path().join(name), text).unwrap();
    write("pass", "correct horse battery\n");
    write("wrong", "incorrect\n");
    write("sealed.pem", &sealed());
    write("plain.pem", &plain());
    write("message", "bread");
    let public = |arguments: &[&str]| {
        let output = openssl(folder.path(), arguments)?;
        let talk = String::from_utf8_lossy(&output.stderr);
        assert!(output.status.success(), "{talk}");
        Some(output.stdout[output.stdout.len() - 32..].to_vec())
    };
    let sealed = ["pkey", "-in", "sealed.pem", "-passin", "file:pass", "-pubout", "-outform", "DER"];
    let Some(found) = public(&sealed) else { return };
    assert_eq!(found, key().public().0);
    let plain = ["pkey", "-in", "plain.pem", "-pubout", "-outform", "DER"];
    assert_eq!(public(&plain).unwrap(), key().public().0);
    let wrong = ["pkey", "-in", "sealed.pem", "-passin", "file:wrong", "-noout"];
    assert!(!openssl(folder.path(), &wrong).unwrap().status.success());
    let sign = ["pkeyutl", "-sign", "-rawin", "-inkey", "sealed.pem", "-passin", "file:pass", "-in", "message"];
    let signature = openssl(folder.path(), &sign).unwrap().stdout;
    assert_eq!(signature, key().sign(b"bread").0);
}

#[test]
fn we_read_openssls() {
    let folder = tempfile::tempdir().unwrap();
    let run = |line: &str| {
        let arguments: Vec<_> = line.split(' ').collect();
        let output = openssl(folder.path(), &arguments)?;
        assert!(output.status.success(), "openssl {line}: {}", String::from_utf8_lossy(&output.stderr));
        Some(output.stdout)
    };
    // Two files, because OpenSSL would take the second passphrase from the second line of one.
    for name in ["pass", "pass-again"] {
        write_new(&folder.path().join(name), "correct horse battery\n").unwrap();
    }
    let generate = "genpkey -algorithm ed25519 -aes256 -pass file:pass -out aes.pem";
    if run(generate).is_none() {
        return;
    }
    let public = run("pkey -in aes.pem -passin file:pass -pubout -outform DER").unwrap();
    run("pkcs8 -topk8 -scrypt -in aes.pem -passin file:pass -passout file:pass-again -out scrypt.pem");
    run("pkcs8 -topk8 -v2 aes128 -v2prf hmacWithSHA512 -in aes.pem -passin file:pass -passout file:pass-again -out sha512.pem");
    run("pkey -in aes.pem -passin file:pass -out plain.pem");
    run("genpkey -algorithm x25519 -out x25519.pem");
    run("genpkey -algorithm x25519 -aes256 -pass file:pass -out x25519-sealed.pem");
    run("pkcs8 -topk8 -v2 aes256 -v2prf hmacWithSHA1 -in aes.pem -passin file:pass -passout file:pass-again -out sha1.pem");
    run("pkey -in aes.pem -passin file:pass -pubout -out public.pem");
    let open = |name: &str, protection| decode(&std::fs::read(folder.path().join(name)).unwrap(), protection);
    for (name, protection) in
        [("aes.pem", PASSPHRASE), ("scrypt.pem", PASSPHRASE), ("sha512.pem", PASSPHRASE), ("plain.pem", Protection::None)]
    {
        let key = open(name, protection).unwrap_or_else(|error| panic!("{name}: {error}"));
        assert_eq!(key.public().0, public[public.len() - 32..], "{name}");
    }
    for (name, protection) in [("x25519.pem", Protection::None), ("x25519-sealed.pem", PASSPHRASE)] {
        assert!(matches!(open(name, protection), Err(KeyFileError::WrongAlgorithm)), "{name}");
    }
    assert!(matches!(open("sha1.pem", PASSPHRASE), Err(KeyFileError::UnsupportedEncryption)));
    assert!(matches!(open("public.pem", PASSPHRASE), Err(KeyFileError::PublicKeyFile)));
    assert!(matches!(open("aes.pem", Protection::Passphrase(b"no")), Err(KeyFileError::WrongPassphrase)));
}
