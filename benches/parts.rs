//! What the parts cost, one by one: decoding, judging, folding, hashing, signatures. `cargo bench`; the whole is `aidledger bench`.

use std::hint::black_box;

use aidledger::canonical::encode;
use aidledger::crypto::{EVENT_DOMAIN, SignedItem, audit_every, audit_strict};
use aidledger::event::{SignedEvent, Time};
use aidledger::log::entry::{DecodedEntry, Entry, EntryHash};
use aidledger::log::tree::{Frontier, leaf_hash};
use aidledger::rules::{State, check};
use aidledger::service::simulate::Simulation;
use aidledger::views::Views;
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

const EVENTS: u64 = 4_096;

/// The entries of a simulated ledger, without a disk.
fn entries() -> Vec<Vec<u8>> {
    let mut entries = Vec::new();
    let mut previous = EntryHash::ZERO;
    for batch in Simulation::new(EVENTS, 1) {
        for submission in batch.submissions {
            let signed: SignedEvent = aidledger::canonical::decode(&submission).expect("a simulated event is canonical");
            let mut entry = Vec::new();
            Entry::write_around(&encode(&signed.event), entries.len() as u64, previous, batch.recorded, &signed.signature, &mut entry);
            previous = EntryHash::of(&entry);
            entries.push(entry);
        }
    }
    entries
}

fn fold(decoded: &[DecodedEntry], mut each: impl FnMut(&aidledger::rules::Accepted<'_>, &State)) -> State {
    let mut state = State::default();
    for entry in decoded {
        let recorded: Time = entry.entry.recorded;
        let accepted = check(&state, &entry.entry.event, entry.id, recorded).expect("simulated events are accepted");
        state.apply(&accepted);
        each(&accepted, &state);
    }
    state
}

fn parts(criterion: &mut Criterion) {
    let entries = entries();
    let decoded: Vec<DecodedEntry> = entries.iter().map(|bytes| Entry::decode(bytes).expect("an entry")).collect();
    let messages: Vec<Vec<u8>> =
        entries.iter().zip(&decoded).map(|(bytes, entry)| [EVENT_DOMAIN, &bytes[entry.event_range.clone()]].concat()).collect();
    let items: Vec<SignedItem<'_>> = decoded
        .iter()
        .zip(&messages)
        .map(|(entry, message)| SignedItem {
            public: entry.entry.event.signer,
            signature: entry.entry.signature,
            message,
            binding: entry.id.0,
        })
        .collect();

    let mut group = criterion.benchmark_group("events");
    group.throughput(Throughput::Elements(EVENTS)).sample_size(10);
    group.bench_function("decode and hash entries", |b| {
        b.iter(|| entries.iter().for_each(|bytes| drop(black_box(Entry::decode(bytes)))));
    });
    group.bench_function("leaf hashes and tree", |b| {
        b.iter(|| {
            let mut frontier = Frontier::new();
            entries.iter().for_each(|bytes| frontier.push(leaf_hash(bytes)));
            black_box(frontier.root())
        });
    });
    group.bench_function("judge and apply", |b| b.iter(|| black_box(fold(&decoded, |_, _| {}))));
    group.bench_function("judge, apply and fold all views", |b| {
        b.iter(|| {
            let mut views = Views::default();
            let state = fold(&decoded, |accepted, state| views.fold(accepted, state, None).expect("nothing stored is read"));
            black_box((views, state))
        });
    });
    group.bench_function("digests of all views", |b| {
        b.iter_batched(
            || {
                let mut views = Views::default();
                let state = fold(&decoded, |accepted, state| views.fold(accepted, state, None).expect("nothing stored is read"));
                (views, state)
            },
            |(views, state)| black_box(views.into_digests(&state)),
            criterion::BatchSize::PerIteration,
        );
    });
    group.bench_function("signatures in one batch (ZIP-215)", |b| b.iter(|| audit_every(&items).expect("they hold")));
    group.bench_function("signatures one by one (strict)", |b| b.iter(|| audit_strict(&items).expect("they hold")));
    group.finish();
}

criterion_group!(benches, parts);
criterion_main!(benches);
