//! The command line: a thin shell around the layers below.

pub mod secret;
