//! Where a file's bytes are, and what is printed about what stays.

use carryall_format::header::Ground;
use carryall_format::section::Section;

use super::{Problems, did_you_mean};
use crate::data_map::{Content, Withheld};

pub(super) fn check_content(
    content: &Content,
    section: Section,
    place: &str,
    problems: &mut Problems,
) {
    let place = format!("{place}, content");
    if !section.has_contents() {
        let problem = format!("`{}` has no file contents", section.name());
        let fix = "only `uploaded_files` and `generated_documents` have them";
        problems.add(&*place, problem, fix);
    }
    let is_cut = content.after.is_some() || !content.strip_prefix.is_empty();
    match (&content.key, &content.column) {
        (None, Some(_)) if is_cut => {
            let problem = "`after` and `strip_prefix` cut a storage key, and there is none";
            problems.add(&*place, problem, "name the column with the key as `key`");
        }
        (Some(_), None) | (None, Some(_)) => {}
        _ => {
            let problem = "it needs exactly one of `key` and `column`";
            let fix = "write `key = \"…\"` for files in a folder, `column = \"…\"` for bytes in the database";
            problems.add(&*place, problem, fix);
        }
    }
    let after = content.after.as_deref();
    if after.is_some_and(|after| after != "last_slash") {
        let fix = "write `after = \"last_slash\"`";
        problems.add(&*place, "`after` has one form", fix);
    }
    if after.is_some() && !content.strip_prefix.is_empty() {
        let problem = "`after` and `strip_prefix` both say how to cut the key";
        problems.add(&*place, problem, "keep one of them");
    }
}

pub(super) fn check_withheld(withheld: &Withheld, place: &str, problems: &mut Problems) {
    check_ground(&withheld.ground, place, problems);
    problems.need_text(place, "what", &withheld.what);
    problems.need_text(place, "reason", &withheld.reason);
}

pub(super) fn check_ground(ground: &str, place: &str, problems: &mut Problems) {
    if Ground::named(ground).is_some() {
        return;
    }
    let known = Ground::ALL.map(Ground::name);
    let fix = did_you_mean(ground, known)
        .unwrap_or_else(|| format!("the grounds are {}", known.join(", ")));
    problems.add(place, format!("there is no ground `{ground}`"), fix);
}
