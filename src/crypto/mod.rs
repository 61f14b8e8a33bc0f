//! Keys, hashes and signatures, without IO.

pub mod note;
