//! The report as a person reads it.

use std::fs;

use super::{beside, verify};
use crate::product::{MARTA, Product};

/// One report in full, as a person reads it.
#[test]
#[expect(clippy::too_many_lines, reason = "a whole report")]
fn a_report_says_where_what_why_and_what_to_do() {
    let fixture =
        crate::product::repository().join("crates/format/tests/fixtures/v1/everything.json");
    let text = fs::read_to_string(fixture).unwrap();
    let folder = tempfile::tempdir_in(env!("CARGO_TARGET_TMPDIR")).unwrap();
    let path = folder.path().join("export.json");
    let told = |text: &str| {
        fs::write(&path, text).unwrap();
        let outcome = verify(&path, &[]);
        outcome
            .text()
            .replace(path.to_str().unwrap(), "export.json")
    };
    insta::assert_snapshot!(told(&text), @r#"
    note[unknown_key]: the file is signed by the key fe812c12f3ab4ce6
       = why: intact, origin not proven: the key that signed it is not among those given
       = help: get the operator's public keys (/.well-known/carryall-keys.json) and pass them with --key

    export.json is sound
      Test, data of 2026-11-23T10:00:00.123Z, 6.1 kB
      export 01900000-0000-7000-8000-000000000000

    Digest     fits: nothing was changed since the file was written
    Signature  by the key fe812c12f3ab4ce6, which is not known here: intact, origin not proven
    Gaps       4 things that the product could not deliver as it was; this is no damage:
      dangling_reference in messages, m3, parent_id: the message that it follows is not in the product any more
      dangling_reference in messages, m4, parent_id: the message that it follows is not in the product any more
      missing_object in uploaded_files, f2: it is not what it was
      object_changed in uploaded_files, f3: it is not what it was

    In the file
                1  account_settings
                2  workspaces
                3  threads
                4  messages
                3  uploaded_files
                2  generated_documents
                1  workspace_memories
                1  user_memories
                1  subscriptions
                1  other_records
                4  file_contents
         48 bytes  of files, each held against its SHA-256

    Your workspaces: check that those that you expect are here
       threads  messages  memories   files  documents  workspace
             1         2         1       1          1  Cloud – 安全 "A" (w1)
             1         2         0       1          0  w2, shared with you
             1         0         0       1          1  outside workspaces
    "#);
    let damaged = text.replacen(r#""workspace_id":"w1""#, r#""workspace_id":"w9""#, 1);
    insta::assert_snapshot!(told(&damaged), @r#"
    error[unresolved_reference]: it names w9, which is not among the ids of `workspaces`
      --> export.json:9 (byte 1481) threads, id t1, field workspace_id
       = why: the record that it names is not in the file, and no gap says why
       = help: a record was taken out or an id changed: download the export again

    error[digest_mismatch]: everything before the last line has the SHA-256 2aa2ddc58e88912b4ede667fb60121a7fb94a6904972f31defdc3f555019615b
      --> export.json:53 (byte 5866) integrity
       = why: something in the file was changed after it was written
       = help: do not rely on this copy: download the export again

    export.json is not sound: 2 findings
      Test, data of 2026-11-23T10:00:00.123Z, 6.1 kB
      export 01900000-0000-7000-8000-000000000000

    Digest     differs: the file was changed after it was written
    Signature  does not apply to the file as it is
    Gaps       4 things that the product could not deliver as it was; this is no damage:
      dangling_reference in messages, m3, parent_id: the message that it follows is not in the product any more
      dangling_reference in messages, m4, parent_id: the message that it follows is not in the product any more
      missing_object in uploaded_files, f2: it is not what it was
      object_changed in uploaded_files, f3: it is not what it was

    In the file
                1  account_settings
                2  workspaces
                3  threads
                4  messages
                3  uploaded_files
                2  generated_documents
                1  workspace_memories
                1  user_memories
                1  subscriptions
                1  other_records
                4  file_contents
         48 bytes  of files, each held against its SHA-256

    Your workspaces: check that those that you expect are here
       threads  messages  memories   files  documents  workspace
             0         0         1       1          1  Cloud – 安全 "A" (w1)
             1         2         0       1          0  w2, shared with you
             2         2         0       1          1  outside workspaces
    "#);
    insta::assert_snapshot!(told(&text[..3000]), @r#"
    error[truncated]: the file ends in the middle, within `workspace_memories`
      --> export.json:29 (byte 3000)
       = why: what stood after this place is not in the file
       = help: the download did not finish: download the export again, or ask for a new one

    export.json is not sound: 1 finding
      Test, data of 2026-11-23T10:00:00.123Z, 3.0 kB
      export 01900000-0000-7000-8000-000000000000

    Digest     could not be checked
    Signature  not checked
    Gaps       not known: the file has no such list any more

    In the file
                1  account_settings
                2  workspaces
                3  threads
                4  messages
                3  uploaded_files
                2  generated_documents
                0  workspace_memories
                0  user_memories
                0  subscriptions
                0  other_records
                0  file_contents

    Your workspaces: check that those that you expect are here
       threads  messages  memories   files  documents  workspace
             1         2         0       1          1  Cloud – 安全 "A" (w1)
             1         2         0       1          0  w2, shared with you
             1         0         0       1          1  outside workspaces
    "#);
}

#[test]
fn text_of_a_file_is_no_instruction_to_a_terminal() {
    let product = Product::demo();
    let file = product.export(MARTA);
    let hostile = "\\u001b[2J\\u009b31m\\u202eevil\\u2028\\u2066\\r";
    let name = file.list("workspaces")[0]["name"].as_str().unwrap();
    let text = file
        .text()
        .replacen(&format!("\"{name}\""), &format!("\"{hostile}\""), 1);
    let id = file.list("threads")[0]["id"].as_str().unwrap();
    let text = text.replace(&format!("\"{id}\""), &format!("\"{hostile}\""));
    let path = beside(&file, "hostile.json", text.as_bytes());
    let outcome = verify(&path, &[]);
    let told = outcome.text();
    assert!(told.contains("evil"), "{told}");
    let is_hostile = |character: char| {
        (character.is_control() && character != '\n')
            || matches!(character, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}')
    };
    assert!(!told.contains(is_hostile), "{told:?}");
}
