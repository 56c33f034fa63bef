//! The one TLS implementation of the process.

/// Makes aws-lc the process's TLS provider. Calling it again changes nothing.
pub fn install_crypto() {
    // An error means that a provider is installed already.
    let _ = rustls::crypto::aws_lc_rs::default_provider().install_default();
}
