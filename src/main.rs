//! The `aidledger` program: see [`aidledger::cli`].

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> std::process::ExitCode {
    aidledger::cli::main()
}
