//! How big an export will be, about: for the page, for the free space, for the progress bar.

use crate::product::{Counts, Scope, WorkspaceCounts};

/// Bytes of an export with this scope, about. A date range is counted as everything.
pub fn estimated_bytes(counts: &Counts, scope: &Scope) -> u64 {
    let (records, files) = match &scope.workspace {
        None => (counts.estimated_bytes, counts.file_bytes),
        Some(id) => counts
            .workspaces
            .iter()
            .find(|workspace| workspace.id == *id)
            .map_or((0, 0), |workspace| {
                let all = || counts.workspaces.iter().chain([&counts.outside_workspaces]);
                (
                    share(counts.estimated_bytes, workspace, all(), |w| {
                        w.threads + w.messages
                    }),
                    share(counts.file_bytes, workspace, all(), |w| {
                        w.uploaded_files + w.generated_documents
                    }),
                )
            }),
    };
    // Base64 takes four bytes for three.
    let contents = if scope.file_contents {
        files.div_ceil(3).saturating_mul(4)
    } else {
        0
    };
    records.saturating_add(contents)
}

/// The workspace's part of `total`, by how many records of that sort it holds.
fn share<'a>(
    total: u64,
    workspace: &WorkspaceCounts,
    all: impl Iterator<Item = &'a WorkspaceCounts>,
    weight: impl Fn(&WorkspaceCounts) -> u64,
) -> u64 {
    let whole: u64 = all.map(&weight).sum();
    if whole == 0 {
        return 0;
    }
    let part = u128::from(total) * u128::from(weight(workspace)) / u128::from(whole);
    u64::try_from(part).unwrap_or(u64::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn counts() -> Counts {
        let workspace = |id: &str, messages, uploaded_files| WorkspaceCounts {
            id: id.to_owned(),
            messages,
            uploaded_files,
            ..WorkspaceCounts::default()
        };
        Counts {
            workspaces: vec![workspace("a", 10, 1), workspace("b", 30, 0)],
            outside_workspaces: workspace("", 60, 2),
            estimated_bytes: 1_000,
            file_bytes: 3_000,
            ..Counts::default()
        }
    }

    #[test]
    fn file_contents_add_four_thirds_of_their_size() {
        let everything = |file_contents| Scope {
            file_contents,
            ..Scope::default()
        };
        assert_eq!(estimated_bytes(&counts(), &everything(false)), 1_000);
        assert_eq!(estimated_bytes(&counts(), &everything(true)), 5_000);
    }

    #[test]
    fn a_workspace_takes_its_share_and_an_unknown_one_nothing() {
        let only = |id: &str| Scope {
            workspace: Some(id.to_owned()),
            file_contents: true,
            ..Scope::default()
        };
        assert_eq!(estimated_bytes(&counts(), &only("a")), 100 + 1_336);
        assert_eq!(estimated_bytes(&counts(), &only("b")), 300);
        assert_eq!(estimated_bytes(&counts(), &only("c")), 0);
    }
}
