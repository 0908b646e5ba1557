use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;

/// `authority` together with the system's roots, PEM. Without any system root it is the authority alone.
pub(crate) fn bundle(authority: &str) -> String {
    let mut bundle = authority.to_owned();
    for root in rustls_native_certs::load_native_certs().certs {
        bundle.push_str("-----BEGIN CERTIFICATE-----\n");
        let text = STANDARD.encode(&root);
        for line in text.as_bytes().chunks(64) {
            bundle.extend(line.iter().map(|byte| char::from(*byte)));
            bundle.push('\n');
        }
        bundle.push_str("-----END CERTIFICATE-----\n");
    }
    bundle
}
