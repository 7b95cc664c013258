//! Which workspace is meant: by its id, else by its name, else by its name in any case.

use serde::Serialize;

use super::error::TraceError;

/// How many workspaces an error names at most.
const SHOWN: usize = 20;

/// A workspace as an error lists it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize)]
pub struct WorkspaceName {
    /// Its id.
    pub id: String,
    /// Its name; null when it has none.
    pub name: Option<String>,
    /// `own`, or `shared`: somebody else's.
    pub access: Option<String>,
}

/// The place of the workspace that is meant.
pub(super) fn find(all: &[WorkspaceName], wanted: &str) -> Result<usize, TraceError> {
    if let Some(place) = all.iter().position(|one| one.id == wanted) {
        return Ok(place);
    }
    let lower = wanted.to_lowercase();
    let has_name = |name: &str| name == wanted;
    let has_name_in_any_case = |name: &str| name.to_lowercase() == lower;
    let fits: [&dyn Fn(&str) -> bool; 2] = [&has_name, &has_name_in_any_case];
    for fits in fits {
        let found = places(all, fits);
        match found[..] {
            [] => {}
            [place] => return Ok(place),
            _ => {
                let (known, others) = first_of(all, &found);
                let wanted = wanted.to_owned();
                return Err(TraceError::SeveralWorkspaces {
                    wanted,
                    known,
                    others,
                });
            }
        }
    }
    Err(not_found(all, wanted))
}

fn places(all: &[WorkspaceName], fits: &dyn Fn(&str) -> bool) -> Vec<usize> {
    let is_one = |one: &WorkspaceName| one.name.as_deref().is_some_and(fits);
    let found = all.iter().enumerate().filter(|(_, one)| is_one(one));
    found.map(|(place, _)| place).collect()
}

/// Those whose name or id has something of what was asked for; all of them if none has.
fn not_found(all: &[WorkspaceName], wanted: &str) -> TraceError {
    let lower = wanted.to_lowercase();
    let words: Vec<&str> = lower.split_whitespace().collect();
    let has_a_word = |name: &str| {
        let name = name.to_lowercase();
        words.iter().any(|word| name.contains(word))
    };
    let mut near = places(all, &has_a_word);
    let starts_alike = |one: &WorkspaceName| !wanted.is_empty() && one.id.starts_with(wanted);
    let alike = all
        .iter()
        .enumerate()
        .filter(|(place, one)| starts_alike(one) && !near.contains(place));
    let alike: Vec<usize> = alike.map(|(place, _)| place).collect();
    near.extend(alike);
    if near.is_empty() {
        near = (0..all.len()).collect();
    }
    let (known, _) = first_of(all, &near);
    TraceError::NoSuchWorkspace {
        wanted: wanted.to_owned(),
        others: all.len() - known.len(),
        known,
    }
}

fn first_of(all: &[WorkspaceName], places: &[usize]) -> (Vec<WorkspaceName>, usize) {
    let shown = places.iter().take(SHOWN).map(|place| all[*place].clone());
    (shown.collect(), places.len().saturating_sub(SHOWN))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn workspaces(names: &[(&str, Option<&str>)]) -> Vec<WorkspaceName> {
        let one = |(id, name): &(&str, Option<&str>)| WorkspaceName {
            id: (*id).to_owned(),
            name: name.map(str::to_owned),
            access: None,
        };
        names.iter().map(one).collect()
    }

    #[test]
    fn an_id_comes_before_a_name_and_a_name_before_one_in_another_case() {
        let all = workspaces(&[
            ("1", Some("2")),
            ("2", Some("Acme")),
            ("3", Some("ACME")),
            ("4", Some("Größe")),
            ("5", None),
        ]);
        assert_eq!(find(&all, "2").unwrap(), 1);
        assert_eq!(find(&all, "ACME").unwrap(), 2);
        assert_eq!(find(&all, "GRÖSSE").ok(), None);
        assert_eq!(find(&all, "gRÖße").unwrap(), 3);
        let Err(TraceError::SeveralWorkspaces { known, others, .. }) = find(&all, "acme") else {
            panic!("two have it in another case");
        };
        assert_eq!(
            (known[0].id.as_str(), known[1].id.as_str(), others),
            ("2", "3", 0)
        );
    }

    #[test]
    fn what_is_not_there_is_told_with_what_comes_near_and_never_with_thousands() {
        let names: Vec<String> = (0..3000).map(|number| format!("Client {number}")).collect();
        let all: Vec<_> = names
            .iter()
            .map(|name| (name.as_str(), Some(name.as_str())))
            .collect();
        let all = workspaces(&all);
        let Err(TraceError::NoSuchWorkspace { known, others, .. }) = find(&all, "the 2999 audit")
        else {
            panic!("there is none");
        };
        assert_eq!(
            (known.len(), known[0].id.as_str(), others),
            (1, "Client 2999", 2999)
        );
        let Err(TraceError::NoSuchWorkspace { known, others, .. }) = find(&all, "?") else {
            panic!("there is none");
        };
        assert_eq!((known.len(), others), (SHOWN, 2980));
        let none = find(&[], "x").unwrap_err();
        assert!(none.hint().unwrap().contains("no workspace at all"));
    }
}
