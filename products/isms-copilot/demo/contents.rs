//! The files of the demo, compiled in.

use anyhow::{Context, Result};

/// The bytes of the file of that name.
pub fn contents(name: &str) -> Result<&'static [u8]> {
    let found = FILES.iter().find(|(known, _)| *known == name);
    found
        .map(|(_, bytes)| *bytes)
        .with_context(|| format!("the demo has no file `{name}`"))
}

const FILES: &[(&str, &[u8])] = &[
    (
        "access-procedure-2014.doc",
        include_bytes!("files/access-procedure-2014.doc"),
    ),
    (
        "access-procedure-2014.txt",
        include_bytes!("files/access-procedure-2014.txt"),
    ),
    (
        "access-review-checklist.md",
        include_bytes!("files/access-review-checklist.md"),
    ),
    ("action-list.txt", include_bytes!("files/action-list.txt")),
    ("iam-export.json", include_bytes!("files/iam-export.json")),
    (
        "internal-audit-notes.txt",
        include_bytes!("files/internal-audit-notes.txt"),
    ),
    (
        "larkspur-risk-register.txt",
        include_bytes!("files/larkspur-risk-register.txt"),
    ),
    (
        "larkspur-risk-register.xlsx",
        include_bytes!("files/larkspur-risk-register.xlsx"),
    ),
    (
        "larkspur-security-policy.docx",
        include_bytes!("files/larkspur-security-policy.docx"),
    ),
    (
        "larkspur-security-policy.txt",
        include_bytes!("files/larkspur-security-policy.txt"),
    ),
    (
        "minato-ict-contracts.csv",
        include_bytes!("files/minato-ict-contracts.csv"),
    ),
    (
        "nis2-incident-report.pdf",
        include_bytes!("files/nis2-incident-report.pdf"),
    ),
    ("pitch-outline.md", include_bytes!("files/pitch-outline.md")),
    (
        "risk-register-ar.txt",
        include_bytes!("files/risk-register-ar.txt"),
    ),
    (
        "risk-treatment-plan.xlsx",
        include_bytes!("files/risk-treatment-plan.xlsx"),
    ),
    (
        "statement-of-applicability-v1.docx",
        include_bytes!("files/statement-of-applicability-v1.docx"),
    ),
    (
        "statement-of-applicability-v2.docx",
        include_bytes!("files/statement-of-applicability-v2.docx"),
    ),
    (
        "stratus-hosting-contract.pdf",
        include_bytes!("files/stratus-hosting-contract.pdf"),
    ),
    (
        "stratus-hosting-contract.txt",
        include_bytes!("files/stratus-hosting-contract.txt"),
    ),
    (
        "suppliers-2019.txt",
        include_bytes!("files/suppliers-2019.txt"),
    ),
    (
        "suppliers-2019.xls",
        include_bytes!("files/suppliers-2019.xls"),
    ),
];
