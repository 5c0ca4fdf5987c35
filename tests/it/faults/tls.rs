//! Certificates: the real program against servers that prove, or do not prove, who they are.

use std::fs;
use std::io::{Read as _, Write as _};
use std::net::TcpListener;
use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use rcgen::{BasicConstraints, CertificateParams, IsCa, Issuer, KeyPair, date_time_ymd};
use rustls::pki_types::PrivateKeyDer;

use super::raw::ACCEPTED;
use super::scene::{Ended, NOW, Scene, run};

/// An authority that the program is told to trust.
struct Authority {
    issuer: Issuer<'static, KeyPair>,
    file: PathBuf,
}

impl Authority {
    fn new(scene: &Scene) -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let key = KeyPair::generate().unwrap();
        let certificate = params.self_signed(&key).unwrap();
        let file = scene.place.work.join("authority.pem");
        let text = base64(certificate.der());
        let lines: Vec<_> =
            text.as_bytes().chunks(64).map(|line| std::str::from_utf8(line).unwrap()).collect();
        let begin_end = ["-----BEGIN CERTIFICATE-----", "-----END CERTIFICATE-----"];
        fs::write(&file, format!("{}\n{}\n{}\n", begin_end[0], lines.join("\n"), begin_end[1])).unwrap();
        Self { issuer: Issuer::new(params, key), file }
    }

    /// A server under a certificate for this name that ends with this year.
    fn server(&self, name: &str, last_year: i32) -> (u16, Arc<Mutex<Vec<u8>>>) {
        let mut params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        params.not_before = date_time_ymd(2020, 1, 1);
        params.not_after = date_time_ymd(last_year, 12, 31);
        let key = KeyPair::generate().unwrap();
        let certificate = params.signed_by(&key, &self.issuer).unwrap();
        let _ = rustls::crypto::ring::default_provider().install_default();
        let config = rustls::ServerConfig::builder()
            .with_no_client_auth()
            .with_single_cert(
                vec![certificate.der().clone()],
                PrivateKeyDer::try_from(key.serialize_der()).unwrap(),
            )
            .unwrap();
        serve(Arc::new(config))
    }
}

/// Takes TLS connections, keeps what they say, and accepts whatever it is.
fn serve(config: Arc<rustls::ServerConfig>) -> (u16, Arc<Mutex<Vec<u8>>>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let heard = Arc::new(Mutex::new(Vec::new()));
    let keep = Arc::clone(&heard);
    std::thread::spawn(move || {
        for stream in listener.incoming() {
            let mut stream = stream.unwrap();
            let mut tls = rustls::ServerConnection::new(Arc::clone(&config)).unwrap();
            let mut talk = rustls::Stream::new(&mut tls, &mut stream);
            let mut some = [0; 16_384];
            while let Ok(count @ 1..) = talk.read(&mut some) {
                keep.lock().unwrap().extend_from_slice(&some[..count]);
                if some[..count].ends_with(b"]}") {
                    let _ = talk.write_all(ACCEPTED);
                }
            }
        }
    });
    (port, heard)
}

fn base64(bytes: &[u8]) -> String {
    const LETTERS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for three in bytes.chunks(3) {
        let joined = three.iter().fold(0_u32, |joined, byte| joined << 8 | u32::from(*byte))
            << (8 * (3 - three.len()));
        for place in 0..4 {
            let letter = usize::try_from(joined >> (18 - 6 * place) & 63).unwrap();
            text.push(if place <= three.len() { char::from(LETTERS[letter]) } else { '=' });
        }
    }
    text
}

fn send(scene: &Scene, authority: &Authority, port: u16) -> Ended {
    let mut command = scene.sending_to(&format!("https://localhost:{port}"), NOW, &[]);
    command.env("SSL_CERT_FILE", &authority.file).env("SSLKEYLOGFILE", scene.place.work.join("keys"));
    run(&mut command)
}

#[test]
fn n_04_only_a_certificate_for_this_host_and_this_day_is_trusted() {
    for (name, last_year, said) in [("localhost", 2021, "expired"), ("example.com", 2099, "another name")] {
        let scene = Scene::of(3);
        let authority = Authority::new(&scene);
        let (port, heard) = authority.server(name, last_year);
        send(&scene, &authority, port).with(4, said).with(4, "certificate");
        assert!(heard.lock().unwrap().is_empty(), "no byte of the request");
        assert_eq!(scene.accepted(), 0);
    }
    let scene = Scene::of(3);
    let authority = Authority::new(&scene);
    // A server that offers an older TLS only.
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let old = std::thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut hello = [0; 16_384];
        let count = stream.read(&mut hello).unwrap();
        // Alert: fatal, protocol version.
        stream.write_all(&[21, 3, 1, 0, 2, 2, 70]).unwrap();
        hello[..count].to_vec()
    });
    send(&scene, &authority, port).with(4, "TLS version");
    assert!(!String::from_utf8_lossy(&old.join().unwrap()).contains("POST"));
    assert_eq!(scene.accepted(), 0);
}

#[test]
fn n_36_a_file_for_tls_keys_is_not_written() {
    let scene = Scene::of(3);
    let authority = Authority::new(&scene);
    let (port, heard) = authority.server("localhost", 2099);
    send(&scene, &authority, port).with(0, "");
    assert_eq!(scene.accepted(), 3, "a good certificate is trusted, so the other tests mean something");
    assert!(String::from_utf8_lossy(&heard.lock().unwrap()).starts_with("POST /open_api/v1.3/event/track/ "));
    assert!(!scene.place.work.join("keys").exists());
}

#[test]
fn base64_is_base64() {
    for (bytes, text) in [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")] {
        assert_eq!(base64(bytes.as_bytes()), text);
    }
}
