//! Faults of the connection.

use std::io::ErrorKind;
use std::time::Duration;

use tetherboard_simulator::Fault;
use tokio::io::AsyncReadExt;
use tokio::time::timeout;

use crate::faults::{harness_with, page};

#[tokio::test]
async fn a_content_length_can_be_too_small() {
    let response = page(Fault::ShortLength, "").await;
    let length: usize = response.header("content-length").unwrap().parse().unwrap();
    assert_eq!((response.status, response.body.len() / length), (200, 2));
    assert_eq!(response.rows().len(), 100, "the rest of the body follows");
}

#[tokio::test]
async fn a_chunk_can_be_cut() {
    let response = page(Fault::CutChunks, "").await;
    let text = response.text();
    let (size, chunk) = text.split_once("\r\n").unwrap();
    let size = usize::from_str_radix(size, 16).unwrap();
    assert_eq!((response.status, response.header("transfer-encoding")), (200, Some("chunked")));
    assert!(chunk.len() < size && chunk.len() > size / 2, "{} of {size}", chunk.len());
}

#[tokio::test]
async fn a_body_can_be_endless() {
    let harness = harness_with(Fault::EndlessBody).await;
    let mut socket = harness.client(0).open("GET", "/v2/api/read_client_list", "").await.unwrap();
    let mut bytes = vec![0; 20 << 20];
    timeout(Duration::from_secs(20), socket.read_exact(&mut bytes)).await.unwrap().unwrap();
    assert!(bytes[1_000..2_000].iter().all(|byte| *byte == b' '));
}

#[tokio::test]
async fn a_header_can_be_huge_and_an_informational_response_can_come_first() {
    let huge = page(Fault::HugeHeader(300_000), "").await;
    assert_eq!((huge.header("x-huge").unwrap().len(), huge.rows().len()), (300_000, 100));
    let early = page(Fault::Informational(103), "").await;
    assert_eq!(early.status, 103);
    assert!(early.text().starts_with("HTTP/1.1 200 OK\r\n") && early.text().contains("\"CT_200\""), "{:.200}", early.text());
}

#[tokio::test]
async fn another_service_can_greet_the_client() {
    let harness = harness_with(Fault::NotHttp).await;
    let mut socket = harness.client(0).open("GET", "/v2/api/read_client_list", "").await.unwrap();
    let mut greeting = String::new();
    socket.read_to_string(&mut greeting).await.unwrap();
    assert_eq!((greeting.as_str(), harness.simulator.calls(0)[0].status), ("SSH-2.0-OpenSSH_9.2p1 Debian-2\r\n", 0));
}

#[tokio::test]
async fn a_cut_body_is_shorter_than_its_content_length() {
    let response = page(Fault::CutBody, "").await;
    let length: usize = response.header("content-length").unwrap().parse().unwrap();
    assert_eq!(response.status, 200);
    assert!(response.body.len() < length && response.body.len() > length / 2, "{} of {length}", response.body.len());
}

#[tokio::test]
async fn a_reset_resets_the_connection() {
    let harness = harness_with(Fault::Reset).await;
    let error = harness.client(0).try_get("read_client_list").await.unwrap_err();
    assert_eq!(error.kind(), ErrorKind::ConnectionReset);
    assert_eq!(harness.simulator.calls(0)[0].status, 0);
}

#[tokio::test]
async fn a_hanging_call_gets_nothing_until_the_server_stops() {
    let harness = harness_with(Fault::Hang).await;
    let mut socket = harness.client(0).open("GET", "/v2/api/read_client_list", "").await.unwrap();
    let mut bytes = [0; 64];
    assert!(timeout(Duration::from_millis(300), socket.read(&mut bytes)).await.is_err());
    harness.server.stop().await;
    let after = timeout(Duration::from_secs(2), socket.read(&mut bytes)).await.unwrap();
    assert!(matches!(after, Ok(0) | Err(_)), "{after:?}");
}

#[tokio::test]
async fn a_dripping_body_arrives_one_byte_at_a_time() {
    let harness = harness_with(Fault::Drip).await;
    let mut socket = harness.client(0).open("GET", "/v2/api/read_client_list", "").await.unwrap();
    let mut bytes = Vec::new();
    let _ = timeout(Duration::from_millis(900), socket.read_to_end(&mut bytes)).await;
    let head = bytes.windows(4).position(|window| window == b"\r\n\r\n").unwrap() + 4;
    assert!((4..=10).contains(&(bytes.len() - head)), "{} bytes", bytes.len() - head);
}

#[tokio::test]
async fn a_stopped_server_refuses_connections_and_can_listen_again() {
    let harness = harness_with(Fault::Html).await;
    let (client, addr) = (harness.client(0), harness.server.addr());
    let mut idle = client.open("GET", "/v2/api/read_user_list", "").await.unwrap();
    harness.server.stop().await;
    let mut bytes = Vec::new();
    let _ = timeout(Duration::from_secs(2), idle.read_to_end(&mut bytes)).await.unwrap();
    assert_eq!(client.try_get("read_user_list").await.unwrap_err().kind(), ErrorKind::ConnectionRefused);
    let again = harness.simulator.listen(addr).await.unwrap();
    assert_eq!(client.get("read_user_list").await.status, 200);
    drop(again);
}
