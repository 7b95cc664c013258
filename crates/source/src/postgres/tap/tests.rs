//! The tap with a server that cuts its messages anywhere.

use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};

use super::*;

fn message(letter: u8, body: &[u8]) -> Vec<u8> {
    let length = u32::try_from(body.len() + LENGTH_BYTES).unwrap();
    [&[letter][..], &length.to_be_bytes(), body].concat()
}

/// What the driver gets and what is copied, when the server sends pieces of this length.
async fn sent(length: usize, takes: usize) -> (Vec<u8>, Vec<u8>) {
    let (mut server, client) = tokio::io::duplex(1 << 10);
    let tap = Tap::default();
    let mut copied = tap.open(Data::Copy);
    let mut tapped = Tapped::new(client, tap);
    let row = |number: usize| {
        message(
            b'd',
            &vec![b'0' + u8::try_from(number % 10).unwrap(); number * 7],
        )
    };
    let rows: Vec<u8> = (0..120).flat_map(row).collect();
    // The second command's data, if it were one, is the driver's.
    let after = [
        message(b'c', b""),
        message(b'C', b"COPY 120"),
        message(b'd', b"not mine"),
    ];
    let all = [message(b'H', b"\0\0\0"), message(b'd', b"")];
    let all = [
        &all.concat()[..],
        &rows,
        &message(b'N', b"a notice"),
        &row(3),
        &after.concat(),
    ]
    .concat();
    let sending = async {
        for piece in all.chunks(length) {
            server.write_all(piece).await.unwrap();
        }
        server.shutdown().await.unwrap();
    };
    let driving = async {
        let mut others = Vec::new();
        tapped.read_to_end(&mut others).await.unwrap();
        others
    };
    let taking = async move {
        let mut data = Vec::new();
        for _ in 0..takes {
            let Some(piece) = copied.next().await else {
                break;
            };
            piece.data().for_each(|part| data.extend_from_slice(part));
            copied.give_back(piece);
        }
        data
    };
    let ((), others, data) = tokio::join!(sending, driving, taking);
    (others, data)
}

fn others() -> Vec<u8> {
    [
        message(b'H', b"\0\0\0"),
        message(b'N', b"a notice"),
        message(b'c', b""),
        message(b'C', b"COPY 120"),
        message(b'd', b"not mine"),
    ]
    .concat()
}

#[tokio::test]
async fn data_and_messages_part_wherever_the_server_cuts() {
    let mut expected = Vec::new();
    for number in (0..120).chain([3]) {
        expected.extend(vec![b'0' + u8::try_from(number % 10).unwrap(); number * 7]);
    }
    for length in [1, 2, 3, 4, 5, 6, 7, 64, 1000, 1 << 20] {
        let (to_driver, data) = sent(length, usize::MAX).await;
        assert!(data == expected, "{length}");
        assert_eq!(to_driver, others(), "{length}");
    }
}

#[tokio::test]
async fn rows_of_a_portal_part_from_messages_until_as_many_came_as_were_asked_for() {
    let tap = Tap::default();
    let mut copied = tap.open(Data::Rows);
    let before = message(b'3', b"");
    let after = [message(b's', b""), message(b'Z', b"T")].concat();
    let rows = [message(b'D', b"one"), message(b'D', b"two")].concat();
    // The next command's rows, if they came already, are the driver's.
    let sent = [&before[..], &rows, &after, &message(b'D', b"not mine")].concat();
    let mut tapped = Tapped::new(&sent[..], tap);
    let driving = async {
        let mut others = Vec::new();
        tapped.read_to_end(&mut others).await.unwrap();
        others
    };
    let taking = async {
        let mut data = Vec::new();
        while let Some(piece) = copied.next().await {
            piece.data().for_each(|part| data.extend_from_slice(part));
            copied.give_back(piece);
        }
        data
    };
    let (others, data) = tokio::join!(driving, taking);
    assert_eq!(data, b"onetwo");
    assert_eq!(others, [before, after, message(b'D', b"not mine")].concat());
}

#[tokio::test]
async fn a_copy_that_nobody_takes_any_more_ends_without_its_data() {
    for takes in [0, 1, 2] {
        let (to_driver, data) = sent(100, takes).await;
        assert!(data.len() < 120 * 120 * 3);
        assert_eq!(to_driver, others(), "{takes}");
    }
}

#[tokio::test]
async fn a_socket_that_had_little_is_given_time_before_the_next_look() {
    let begun = std::time::Instant::now();
    // A KiB at a time is all that the socket holds.
    let (_, data) = sent(usize::MAX, usize::MAX).await;
    let looks = u32::try_from(data.len() >> 10).unwrap();
    assert!(begun.elapsed() >= REST * looks, "{looks} looks");
}
