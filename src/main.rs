//! The `aidledger` program: see [`aidledger::cli`].

fn main() -> std::process::ExitCode {
    aidledger::cli::main()
}
