//! The way to the file, and whose file it is.

use std::time::Duration;

use axum::http::{Method, Request, StatusCode, header};

use http_body_util::BodyExt as _;

use super::{PAGE, Stage, body, headers, text};
use crate::product::scripted::Act;

#[tokio::test]
async fn the_help_page_s_steps_lead_to_the_file() {
    let site = Stage::start();
    let anna = site.anna().await;
    let home = anna.page("/").await;
    assert!(home.contains("href=\"/settings\"") && home.contains("User menu"));
    assert!(
        anna.page("/settings/general")
            .await
            .contains("Data Protection")
    );
    let page = anna.page(PAGE).await;
    assert!(page.contains("Export your data") && page.contains("Download your JSON export"));
    assert!(page.contains("example-desk-export-2026-11-23.json"));

    let ready = anna.export().await;
    let page = anna.page(&ready).await;
    assert!(page.contains("Your export is ready"), "{page}");
    let id = ready.rsplit('=').next().unwrap_or_default();
    let address = format!("/exports/{id}/download");
    assert!(
        page.contains(&format!("data-download=\"{address}\"")),
        "starts by itself"
    );
    assert!(page.contains(&format!(
        "<noscript><meta http-equiv=\"refresh\" content=\"1; url={address}\">"
    )));

    let response = anna.get(&address).await;
    assert_eq!(response.status(), StatusCode::OK);
    let disposition = "attachment; filename=\"example-desk-export-2026-11-23.json\"";
    assert_eq!(text(&response, "content-disposition"), disposition);
    assert_eq!(text(&response, "content-type"), "application/json");
    assert_eq!(text(&response, "cache-control"), "no-store");
    assert_eq!(text(&response, "x-content-type-options"), "nosniff");
    let length = text(&response, "content-length").to_owned();
    let file = body(response).await;
    assert_eq!(file, format!("{{\"id\":\"{id}\"}}\n"));
    assert_eq!(length, file.len().to_string());

    let page = anna.page(&ready).await;
    assert!(
        !page.contains("data-download"),
        "starts by itself only once"
    );
    assert!(page.contains("expires in 24 hours") && page.contains("SHA-256"));
    site.stop().await;
}

#[tokio::test]
async fn a_download_goes_on_where_it_was_interrupted() {
    let site = Stage::playing([Act::Write(b"0123456789".to_vec())]);
    let anna = site.anna().await;
    let address = format!("/exports/{}/download", anna.export_id().await);
    let whole = anna.get(&address).await;
    let tag = text(&whole, "etag").to_owned();
    assert_eq!((tag.len(), text(&whole, "accept-ranges")), (66, "bytes"));

    let part = |range: &'static str, tag: String| {
        let request = Request::get(&address).header(header::RANGE, range);
        anna.send(request.header(header::IF_RANGE, tag), "")
    };
    let rest = part("bytes=4-", tag.clone()).await;
    assert_eq!(rest.status(), StatusCode::PARTIAL_CONTENT);
    assert_eq!(text(&rest, "content-range"), "bytes 4-9/10");
    assert_eq!(
        (text(&rest, "content-length"), text(&rest, "etag")),
        ("6", tag.as_str())
    );
    assert_eq!(body(rest).await, "456789");

    let beyond = part("bytes=10-", tag).await;
    assert_eq!(beyond.status(), StatusCode::RANGE_NOT_SATISFIABLE);
    assert_eq!(text(&beyond, "content-range"), "bytes */10");
    let other = part("bytes=4-", "\"another\"".to_owned()).await;
    assert_eq!(
        (other.status(), body(other).await.as_str()),
        (StatusCode::OK, "0123456789")
    );
    site.stop().await;
}

#[tokio::test]
async fn a_damaged_file_ends_the_download_before_its_end_and_the_page_says_so() {
    let site = Stage::playing([Act::Write(vec![b'x'; 300_000])]);
    let anna = site.anna().await;
    let id = anna.export_id().await;
    let folder = std::fs::read_dir(site.folder.path().join("artifacts")).expect("lists");
    let path = folder.map(|file| file.expect("lists").path()).next();
    let path = path.expect("a file");
    let mut bytes = std::fs::read(&path).expect("reads");
    bytes[250_000] ^= 1;
    std::fs::write(&path, bytes).expect("writes");
    let response = anna.get(&format!("/exports/{id}/download")).await;
    assert_eq!(text(&response, "content-length"), "300000");
    assert!(response.into_body().collect().await.is_err());
    let deadline = tokio::time::Instant::now() + Duration::from_secs(10);
    while path.exists() && tokio::time::Instant::now() < deadline {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    let again = anna.get(&format!("/exports/{id}/download")).await;
    assert_eq!(again.status(), StatusCode::NOT_FOUND);
    let page = anna.page(PAGE).await;
    assert!(page.contains("was damaged on our side"), "{page}");
    assert!(page.contains("Damaged"), "{page}");
    site.stop().await;
}

#[tokio::test]
async fn looking_at_the_head_of_a_download_does_not_count_as_one() {
    let site = Stage::start();
    let anna = site.anna().await;
    let ready = anna.export().await;
    let id = ready.rsplit('=').next().unwrap_or_default();
    let request = Request::builder()
        .method(Method::HEAD)
        .uri(format!("/exports/{id}/download"));
    let head = anna.send(request, "").await;
    assert_eq!(
        (head.status(), text(&head, "content-length").is_empty()),
        (StatusCode::OK, false)
    );
    assert!(anna.page(&ready).await.contains("data-download"));
    site.stop().await;
}

#[tokio::test]
async fn the_export_of_somebody_else_is_as_unknown_as_none() {
    let site = Stage::start();
    let id = site.anna().await.export_id().await;
    let ben = site.ben().await;
    let unknown = "01a207d9-2100-703a-a862-eabbfb82704f";
    for path in ["download", "status"] {
        let theirs = ben.get(&format!("/exports/{id}/{path}")).await;
        let nobodys = ben.get(&format!("/exports/{unknown}/{path}")).await;
        assert_eq!(theirs.status(), StatusCode::NOT_FOUND);
        assert_eq!(headers(&theirs), headers(&nobodys));
        assert_eq!(body(theirs).await, body(nobodys).await);
    }
    assert_eq!(
        ben.post(&format!("/exports/{id}/delete"), "")
            .await
            .status(),
        StatusCode::NOT_FOUND
    );
    ben.post(&format!("/exports/{id}/stop"), "").await;
    assert!(!ben.page(&format!("{PAGE}?export={id}")).await.contains(&id));
    let anna = site.anna().await;
    assert_eq!(
        anna.get(&format!("/exports/{id}/download")).await.status(),
        StatusCode::OK
    );
    site.stop().await;
}

#[tokio::test]
async fn a_deleted_or_expired_export_cannot_be_downloaded_and_stays_in_the_list() {
    let site = Stage::start();
    let anna = site.anna().await;
    let id = anna.export_id().await;
    assert_eq!(
        anna.post(&format!("/exports/{id}/delete"), "")
            .await
            .status(),
        StatusCode::SEE_OTHER
    );
    assert_eq!(
        anna.get(&format!("/exports/{id}/download")).await.status(),
        StatusCode::NOT_FOUND
    );
    assert!(anna.page(PAGE).await.contains("Deleted"));

    site.hand.advance(Duration::from_secs(1));
    let id = anna.export_id().await;
    site.hand.advance(Duration::from_hours(24));
    let anna = site.anna().await;
    assert_eq!(
        anna.get(&format!("/exports/{id}/download")).await.status(),
        StatusCode::NOT_FOUND
    );
    assert!(anna.page(PAGE).await.contains("Expired"));
    site.stop().await;
}
