//! A mail server that keeps what it is sent, and behaves as a test says.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// How one connection goes. After the last manner, letters are taken.
#[derive(Debug, Clone, Copy)]
pub enum Manner {
    /// Answers this to who the letter is for.
    Answers(&'static str),
    /// Says nothing.
    Silent,
    /// Hangs up.
    HangsUp,
}

/// The server.
pub struct Sink {
    pub address: SocketAddr,
    letters: Arc<Mutex<Vec<String>>>,
    manners: Arc<Mutex<VecDeque<Manner>>>,
}

impl Sink {
    pub async fn open(manners: &[Manner]) -> Sink {
        let listener = TcpListener::bind("127.0.0.1:0").await.expect("listens");
        let address = listener.local_addr().expect("an address");
        let letters = Arc::new(Mutex::new(Vec::new()));
        let manners: VecDeque<_> = manners.iter().copied().collect();
        let manners = Arc::new(Mutex::new(manners));
        let (kept, coming) = (Arc::clone(&letters), Arc::clone(&manners));
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                let manner = coming.lock().expect("not poisoned").pop_front();
                tokio::spawn(serve(stream, manner, Arc::clone(&kept)));
            }
        });
        Sink {
            address,
            letters,
            manners,
        }
    }

    pub fn letters(&self) -> Vec<String> {
        self.letters.lock().expect("not poisoned").clone()
    }

    /// Behaves so from now on, so many times.
    pub fn now(&self, manner: Manner, times: usize) {
        let mut manners = self.manners.lock().expect("not poisoned");
        manners.clear();
        manners.extend(std::iter::repeat_n(manner, times));
    }

    /// As `--smtp` takes it.
    pub fn url(&self) -> String {
        format!("smtp://{}?tls=none", self.address)
    }
}

async fn serve(stream: TcpStream, manner: Option<Manner>, letters: Arc<Mutex<Vec<String>>>) {
    match manner {
        Some(Manner::HangsUp) => return,
        Some(Manner::Silent) => {
            let _open = stream;
            return std::future::pending().await;
        }
        _ => {}
    }
    let mut stream = BufReader::new(stream);
    let mut say = "220 sink".to_owned();
    let mut letter = String::new();
    let mut is_in_letter = false;
    loop {
        if !say.is_empty()
            && stream
                .write_all(format!("{say}\r\n").as_bytes())
                .await
                .is_err()
        {
            return;
        }
        let mut line = String::new();
        if !matches!(stream.read_line(&mut line).await, Ok(1..)) {
            return;
        }
        let verb = line.get(..4).unwrap_or_default().to_ascii_uppercase();
        say = match (is_in_letter, &*verb, manner) {
            (true, ..) if line == ".\r\n" => {
                is_in_letter = false;
                let whole = std::mem::take(&mut letter);
                letters.lock().expect("not poisoned").push(whole);
                "250 taken".to_owned()
            }
            (true, ..) => {
                letter.push_str(&line);
                String::new()
            }
            (false, "RCPT", Some(Manner::Answers(answer))) => answer.to_owned(),
            (false, "RCPT", _) => {
                letter.push_str(&line);
                "250 ok".to_owned()
            }
            (false, "DATA", _) => {
                is_in_letter = true;
                "354 go on".to_owned()
            }
            (false, "QUIT", _) => "221 bye".to_owned(),
            _ => "250 ok".to_owned(),
        };
    }
}
