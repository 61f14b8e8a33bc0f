//! The bytes of one simulated file: as programs see them, and as a power cut would leave them.

use super::Fate;

/// A file apart from its name.
#[derive(Debug, Default, Clone)]
pub(super) struct Node {
    pub seen: Vec<u8>,
    durable: Vec<u8>,
    /// `seen` and `durable` agree in this many first bytes; keeps the cost of a sync to the bytes that are new.
    common: usize,
    /// First bytes that a sync vouched for and that are truly there.
    pub promised: usize,
    /// Range of `seen` that a failed sync left unwritten for good.
    doomed: Option<(usize, usize)>,
    /// The content is the beginning of what was written, because of a power cut.
    pub torn: bool,
    /// Came by `replace`, which a power cut tears differently from an append.
    replacement: bool,
}

impl Node {
    pub fn whole(bytes: &[u8]) -> Node {
        Node { seen: bytes.to_vec(), replacement: true, ..Node::default() }
    }

    pub fn append(&mut self, bytes: &[u8]) {
        self.seen.extend_from_slice(bytes);
    }

    pub fn truncate(&mut self, len: usize) {
        self.seen.truncate(len);
        self.common = self.common.min(len);
        self.promised = self.promised.min(len);
        self.doomed = self.doomed.map(|(start, end)| (start.min(len), end.min(len))).filter(|(start, end)| start < end);
    }

    pub fn sync(&mut self) {
        self.durable.truncate(self.common);
        self.durable.extend_from_slice(&self.seen[self.common..]);
        self.common = self.seen.len();
        self.promised = self.seen.len();
        if let Some((start, end)) = self.doomed {
            self.durable[start..end].fill(0);
            self.common = start;
            self.promised = start;
        }
    }

    pub fn sync_failed(&mut self) {
        if self.common < self.seen.len() {
            let start = self.doomed.map_or(self.common, |(start, _)| start);
            self.doomed = Some((start, self.seen.len()));
        }
    }

    /// What a power cut leaves of the content.
    pub fn survivor(&self, path: &str, fate: Fate) -> Node {
        let content = match fate {
            // Doomed bytes are lost even if everything else was lucky.
            Fate::Kept => match self.doomed {
                Some((start, _)) => self.seen[..start].to_vec(),
                None => self.seen.clone(),
            },
            Fate::Lost => self.durable.clone(),
            Fate::Torn { seed } => {
                let end = self.doomed.map_or(self.seen.len(), |(start, _)| start);
                let unsynced = &self.seen[self.common.min(end)..end];
                if unsynced.is_empty() {
                    // Nothing was added; a truncation that was not synced may have happened or not.
                    let undone = choose(seed, path, "truncate", 2) == 0;
                    if undone { self.durable.clone() } else { self.seen[..end].to_vec() }
                } else {
                    let choices = unsynced.len() + usize::from(!self.replacement);
                    let cut = choose(seed, path, "content", choices);
                    let mut content = self.seen[..self.common + cut].to_vec();
                    // The new length can reach the disk before the bytes; zeros are then read in their place.
                    if !self.replacement && choose(seed, path, "zeros", 4) == 0 {
                        content.resize(end, 0);
                    }
                    content
                }
            }
        };
        Node {
            torn: self.torn || content != self.seen,
            common: content.len(),
            promised: self.promised.min(content.len()),
            durable: content.clone(),
            seen: content,
            doomed: None,
            replacement: self.replacement,
        }
    }
}

/// A number below `choices`, the same for the same arguments on every machine.
pub(super) fn choose(seed: u64, path: &str, what: &str, choices: usize) -> usize {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&seed.to_le_bytes());
    hasher.update(path.as_bytes());
    hasher.update(b"\0");
    hasher.update(what.as_bytes());
    let mut word = [0; 8];
    hasher.finalize_xof().fill(&mut word);
    (u64::from_le_bytes(word) % choices as u64) as usize
}
