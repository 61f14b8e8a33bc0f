//! The `checkpoint` file: the last statement the log signed about itself, and what to make of it at start.
//!
//! ```text
//! example.org/aid                                  origin
//! 4711                                             size
//! CsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=     root hash
//!
//! — example.org/aid Az3grl…                        signature
//! ```
//!
//! (C2SP tlog-checkpoint.) To this layer it is bytes, save for the size in the second line.
//!
//! **Written without a sync.** A batch has one sync, and it belongs to the log; so a power cut may leave the checkpoint before, the new
//! one, or a beginning of the new one. None of these loses anything:
//!
//! * A checkpoint is signed only after the sync of the log returned. So one that survived never covers entries that could still vanish;
//!   an older one is merely older, and the next batch replaces it.
//! * Ed25519 signatures are deterministic, so the log's key makes the very same bytes again for the same size of the same log.
//!   What a power cut left must be a beginning of them. It is called [`CutShort`](Head::CutShort), and made again with a notice.
//! * A whole checkpoint with a changed bit is never a beginning of the right bytes. It is [`Damaged`](Head::Damaged), and stops the start, as does a
//!   checkpoint of more entries than the log holds ([`Beyond`](Head::Beyond)): somebody has cut the log, or restored an old copy.
//!
//! What remains: whoever can write to the folder can cut the log *and* cut or remove this file, and the two then agree. Only those
//! who hold a checkpoint elsewhere see that: witnesses, mirrors, auditors, everybody with a receipt.
//!
//! The file holds the log's own signature and no others; cosignatures of witnesses are kept apart, as they cannot be made again.

use super::disk::{Disk, DiskError};

/// Path of the checkpoint inside the ledger folder.
pub const CHECKPOINT_FILE: &str = "checkpoint";

/// Reads the checkpoint's bytes; `None` if there is no such file.
pub fn read(disk: &dyn Disk) -> Result<Option<Vec<u8>>, DiskError> {
    match disk.read(CHECKPOINT_FILE) {
        Ok(bytes) => Ok(Some(bytes)),
        Err(error) if error.is_not_found() => Ok(None),
        Err(error) => Err(error),
    }
}

/// Replaces the checkpoint for all readers at once, without waiting for the disk; see above why that is enough.
pub fn write(disk: &dyn Disk, checkpoint: &[u8]) -> Result<(), DiskError> {
    disk.replace(CHECKPOINT_FILE, checkpoint, false)
}

/// As [`write`](write()), but a power cut after it leaves the new content: for an orderly stop, and after mending.
pub fn write_durable(disk: &dyn Disk, checkpoint: &[u8]) -> Result<(), DiskError> {
    disk.replace(CHECKPOINT_FILE, checkpoint, true)
}

/// What the checkpoint file turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Head {
    /// Exactly what the log signs for this size, which is at most the log's.
    Intact { size: u64 },
    /// There is none: a new ledger, or its first checkpoint was lost with the power.
    Absent,
    /// The first bytes of what it should be, as an unsynced write leaves them. To be made again, with a notice.
    CutShort { len_bytes: u64 },
    /// It speaks of more entries than the log holds (this many, or more if its digits are cut short). Never to be mended here.
    Beyond { size: u64 },
    /// It differs from what the log signs for the size it names; the first difference is at this byte. Never to be mended here.
    Damaged { byte: u64 },
}

/// Judges the checkpoint's bytes against the log.
///
/// `expected` makes the exact checkpoint of the log's first entries, for any size from 0 to `log_size`; it is called once at most.
pub fn classify(found: Option<&[u8]>, log_size: u64, expected: impl FnOnce(u64) -> Vec<u8>) -> Head {
    let Some(found) = found else {
        return Head::Absent;
    };
    // A file may have grown before its bytes arrived; zeros then stand for them. A checkpoint contains none.
    let written = found.iter().rposition(|&byte| byte != 0).map_or(0, |last| last + 1);
    let written = &found[..written];
    let Some(size) = named_size(written) else {
        return classify_fragment(found, written, log_size, expected);
    };
    if size > log_size {
        return Head::Beyond { size };
    }
    let expected = expected(size);
    if found == expected {
        Head::Intact { size }
    } else if expected.starts_with(written) {
        Head::CutShort { len_bytes: found.len() as u64 }
    } else {
        Head::Damaged { byte: first_difference(written, &expected) }
    }
}

/// Judges bytes in which no whole size line stands. If they are the beginning of a checkpoint, of whatever size, they end in
/// its origin or in its digits.
fn classify_fragment(found: &[u8], written: &[u8], log_size: u64, expected: impl FnOnce(u64) -> Vec<u8>) -> Head {
    let cut_short = Head::CutShort { len_bytes: found.len() as u64 };
    let mut origin = expected(log_size);
    if let Some(end) = memchr::memchr(b'\n', &origin) {
        origin.truncate(end + 1);
    }
    let Some(digits) = written.strip_prefix(&origin[..]) else {
        return if origin.starts_with(written) { cut_short } else { Head::Damaged { byte: first_difference(written, &origin) } };
    };
    if digits.is_empty() {
        return cut_short;
    }
    match decimal(digits) {
        // More digits only make it larger.
        Some(size) if size > log_size => Head::Beyond { size },
        Some(_) => cut_short,
        None => {
            let wrong = digits.iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(0);
            Head::Damaged { byte: (origin.len() + wrong) as u64 }
        }
    }
}

/// Returns the size in a checkpoint's second line, if that line is whole.
pub fn named_size(checkpoint: &[u8]) -> Option<u64> {
    let mut newlines = memchr::memchr_iter(b'\n', checkpoint);
    let (origin_end, size_end) = (newlines.next()?, newlines.next()?);
    decimal(&checkpoint[origin_end + 1..size_end])
}

/// Reads a decimal number in its one spelling: no sign, no leading zero.
fn decimal(digits: &[u8]) -> Option<u64> {
    let canonical = !digits.is_empty() && digits.iter().all(u8::is_ascii_digit) && (digits[0] != b'0' || digits.len() == 1);
    if !canonical {
        return None;
    }
    std::str::from_utf8(digits).ok()?.parse().ok()
}

fn first_difference(found: &[u8], expected: &[u8]) -> u64 {
    found.iter().zip(expected).take_while(|(found, expected)| found == expected).count() as u64
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::sim::{Fate, SimDisk};

    /// Stands in for the signed checkpoint: like it, a function of the size in which every byte depends on it.
    fn checkpoint(size: u64) -> Vec<u8> {
        let root = blake3::hash(&size.to_le_bytes());
        let signature = blake3::hash(root.as_bytes());
        format!("example.org/aid\n{size}\n{root}\n\n— example.org/aid {signature}\n").into_bytes()
    }

    fn check(found: &[u8]) -> Head {
        classify(Some(found), 120, checkpoint)
    }

    #[test]
    fn whole_checkpoints_up_to_the_size_of_the_log_are_intact() {
        for size in [0, 1, 12, 119, 120] {
            assert_eq!(check(&checkpoint(size)), Head::Intact { size });
        }
        assert_eq!(check(&checkpoint(121)), Head::Beyond { size: 121 });
        assert_eq!(classify(None, 120, checkpoint), Head::Absent);
    }

    #[test]
    fn every_beginning_is_cut_short_with_or_without_zeros_after_it() {
        for size in [0, 9, 120] {
            let whole = checkpoint(size);
            for len in 0..whole.len() {
                let mut cut = whole[..len].to_vec();
                assert_eq!(check(&cut), Head::CutShort { len_bytes: len as u64 }, "{size}, {len}");
                cut.resize(len + 40, 0);
                assert_eq!(check(&cut), Head::CutShort { len_bytes: len as u64 + 40 }, "{size}, {len}");
            }
        }
    }

    #[test]
    fn no_flipped_bit_is_taken_for_a_cut() {
        for size in [0, 9, 120] {
            let whole = checkpoint(size);
            for len in 1..=whole.len() {
                // In a cut checkpoint it is no better.
                for bit in 0..8 * len {
                    let mut bytes = whole[..len].to_vec();
                    bytes[bit / 8] ^= 1 << (bit % 8);
                    match check(&bytes) {
                        // In the size it names another checkpoint, which differs from the root hash on.
                        Head::Damaged { byte } if (16..19).contains(&(bit / 8)) => {
                            assert!(byte >= 16, "{byte} for bit {bit}");
                        }
                        Head::Damaged { byte } => assert_eq!(byte, bit as u64 / 8),
                        Head::Beyond { .. } => {}
                        // Of a cut checkpoint a changed size can be all that is there, and nothing contradicts it; and its last
                        // byte can become a zero.
                        Head::CutShort { .. } => {
                            assert!(len < whole.len(), "bit {bit} of a whole checkpoint");
                            let written = bytes.strip_suffix(b"\0").unwrap_or(&bytes);
                            assert!((0..=120).any(|size| checkpoint(size).starts_with(written)), "bit {bit} of {len} bytes");
                        }
                        head => panic!("{head:?} for bit {bit} of {len} bytes"),
                    }
                }
            }
        }
    }

    #[test]
    fn damage_is_located() {
        let mut bytes = checkpoint(120);
        bytes[30] ^= 1;
        assert_eq!(check(&bytes), Head::Damaged { byte: 30 });
        assert_eq!(check(b"example.org/bid\n120"), Head::Damaged { byte: 12 });
        assert_eq!(check(b"example.org/aid\n012"), Head::Damaged { byte: 16 });
        assert_eq!(check(b"example.org/aid\n12x"), Head::Damaged { byte: 18 });
        let mut longer = checkpoint(7);
        longer.extend_from_slice("— witness.example AAAA\n".as_bytes());
        assert_eq!(check(&longer), Head::Damaged { byte: checkpoint(7).len() as u64 });
    }

    #[test]
    fn digits_that_can_only_be_a_larger_size_are_beyond() {
        assert_eq!(check(b"example.org/aid\n121"), Head::Beyond { size: 121 });
        assert_eq!(check(b"example.org/aid\n12"), Head::CutShort { len_bytes: 18 });
        assert_eq!(check(b"example.org/aid\n99999999999999999999999"), Head::Damaged { byte: 16 });
    }

    #[test]
    fn an_unsynced_write_leaves_old_or_new_or_a_cut_one() {
        let mut cuts = 0;
        for seed in 0..100 {
            let disk = SimDisk::new();
            assert_eq!(read(&disk).unwrap(), None);
            write_durable(&disk, &checkpoint(100)).unwrap();
            write(&disk, &checkpoint(120)).unwrap();
            disk.crash_now(Fate::Torn { seed });
            let found = read(&disk.reboot()).unwrap();
            match classify(found.as_deref(), 120, checkpoint) {
                Head::CutShort { .. } => cuts += 1,
                head => assert_eq!(head, Head::Intact { size: 100 }, "seed {seed}"),
            }
        }
        assert!((1..100).contains(&cuts), "{cuts} of 100 were cut short");
    }
}
