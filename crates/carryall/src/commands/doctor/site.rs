//! How people reach the site: its public address, the proxy before it, whom it tells and believes.

use std::collections::BTreeSet;

use serde_json::Value;

use super::finding::Finding;
use crate::commands::keys::DEFAULT_LEDGER;
use crate::commands::serve::Serve;
use crate::operators::Operators;
use crate::tokens::Fetch;
use crate::web::{Arrived, PROXY_CHECK, PUBLIC_KEYS};

const SETTINGS: &str = "settings";
const PUBLIC: &str = "public URL";
const PROXY: &str = "proxy";

/// Looks at all of it. The error is that of a program that cannot ask anybody.
pub fn look(node: &Serve) -> anyhow::Result<Vec<Finding>> {
    let mut findings = of_settings(node);
    let Some(url) = &node.public_url else {
        findings.push(without_public_url(node));
        return Ok(findings);
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    findings.extend(runtime.block_on(of_public_url(node, url.trim_end_matches('/'))));
    Ok(findings)
}

/// What is read once, at the start.
fn of_settings(node: &Serve) -> Vec<Finding> {
    let operators = node.operators.as_deref().map(Operators::read).transpose();
    let public_url = node.public_url.as_deref();
    let wrong = [
        node.notices.ways().err(),
        node.host.tokens().err(),
        node.oidc.provider(public_url).err(),
        operators
            .err()
            .map(|error| crate::commands::origin::with_hint(&error, Some(error.hint().to_owned()))),
    ];
    let wrong = wrong.iter().flatten();
    let findings: Vec<_> = wrong
        .map(|error| Finding::failed(SETTINGS, error))
        .collect();
    if findings.is_empty() {
        return vec![Finding::ok(
            SETTINGS,
            "notices, tokens, sign-in and operators can be set up",
        )];
    }
    findings
}

fn without_public_url(node: &Serve) -> Finding {
    if node.node.web_only || node.listen.ip().is_loopback() {
        let found = format!("none: people reach the site at http://{}", node.listen);
        return Finding::advice(
            PUBLIC,
            found,
            "put a proxy with TLS before it, and say `--public-url` and `--trusted-proxy`",
        );
    }
    Finding::fix(
        PUBLIC,
        format!("none, and the site listens on {} in clear", node.listen),
        "listen on 127.0.0.1, put a proxy with TLS before it, and say `--public-url` and `--trusted-proxy`",
    )
}

async fn of_public_url(node: &Serve, url: &str) -> Vec<Finding> {
    let document = match asked(url, PUBLIC_KEYS).await {
        Ok(document) => document,
        Err(why) => {
            return vec![Finding::fix(
                PUBLIC,
                format!("{url} does not answer as this site does: {why}"),
                "is `carryall serve` running, and does the proxy pass every path on? Look at DNS and the certificate, too",
            )];
        }
    };
    let mut findings = vec![of_keys(node, url, &document)];
    findings.push(
        match asked(url, PROXY_CHECK)
            .await
            .map(serde_json::from_value::<Arrived>)
        {
            Ok(Ok(arrived)) => of_proxy(arrived),
            Ok(Err(error)) => Finding::fix(
                PROXY,
                format!("{url}{PROXY_CHECK} says something else: {error}"),
                "let the proxy pass every path on, and run the same version on every node",
            ),
            Err(why) => Finding::fix(
                PROXY,
                format!("{url}{PROXY_CHECK} cannot be asked: {why}"),
                "let the proxy pass every path on, and run the same version on every node",
            ),
        },
    );
    findings
}

async fn asked(url: &str, path: &str) -> Result<Value, String> {
    let address = Fetch::address(&format!("{url}{path}")).map_err(|error| error.to_string())?;
    let fetch = Fetch::new().map_err(|error| error.to_string())?;
    fetch.get(address).await.map_err(|error| error.to_string())
}

/// Whether it is this installation that answers there.
fn of_keys(node: &Serve, url: &str, document: &Value) -> Finding {
    let address = node.ledger.as_deref().unwrap_or(DEFAULT_LEDGER);
    let signing = node.keys.keys(address).ok();
    let signing = signing.and_then(|keys| keys.signing_key().ok());
    let published: BTreeSet<_> = document["keys"]
        .as_array()
        .into_iter()
        .flatten()
        .filter_map(|key| key["key_id"].as_str())
        .collect();
    match signing.map(|key| key.public_key().id().to_string()) {
        Some(id) if !published.contains(&*id) => Finding::fix(
            PUBLIC,
            format!("{url} does not publish the key {id}, which signs with these flags"),
            "another installation answers there, or one with other `--keys`",
        ),
        _ => Finding::ok(PUBLIC, format!("{url} answers, and is this site")),
    }
}

fn of_proxy(arrived: Arrived) -> Finding {
    match (arrived.from_trusted_proxy, arrived.has_forwarded_for) {
        (true, true) => Finding::ok(PROXY, "it is trusted, and says on whose behalf it asks"),
        (true, false) => Finding::fix(
            PROXY,
            "it is trusted, and does not say on whose behalf it asks: all people share its address, and its limits",
            "let it set X-Forwarded-For",
        ),
        (false, true) => Finding::fix(
            PROXY,
            "whoever sets X-Forwarded-For is not trusted: all people share one address, and its limits",
            "name its network with `--trusted-proxy`",
        ),
        (false, false) => Finding::advice(
            PROXY,
            "requests come without X-Forwarded-For, from somebody who is not trusted",
            "if a proxy stands before the site, let it set X-Forwarded-For and name its network with `--trusted-proxy`",
        ),
    }
}
