//! What was gathered, written as a Carryall file.
//!
//! Promises: everything goes through [`Writer`], so that the file is what `verify` takes; one person owns all
//! of it; a reference to what is not there is told as a gap.

use std::io::{self, Write};

use carryall_format::gap::{Gap, GapCode};
use carryall_format::header::{
    FORMAT, Generator, Ground, Header, ProcessingHeader, REVISION, SchemaRef, ScopeHeader, Status,
    VERSION,
};
use carryall_format::schema;
use carryall_format::section::Section;
use carryall_format::write::{Proof, Reference, Writer, Written};

use super::NewFile;
use super::bundle::Bundle;
use super::draft::Draft;
use super::error::FromError;
use super::gather::{ContentsAt, Gathered};
use super::ids::made;
use super::spool::Waiting;

/// Writes it all.
pub fn write(
    mut gathered: Gathered,
    bundle: &mut Bundle,
    order: &NewFile<'_>,
    out: impl Write + Send + 'static,
) -> Result<Written, FromError> {
    let account = whose(&mut gathered)?;
    let mut writer = Writer::start(out, &header(&gathered, &account.id, order))?;
    for section in Section::ALL {
        writer.set_status(section, Status::Empty);
    }
    writer.set_status(Section::Subscriptions, Status::Unavailable);
    gathered.note_gaps(&account)?;
    let subject = account.id.as_bytes();
    let owner = Proof::Owner(subject);
    let body = account.body().map_err(io::Error::from)?;
    record(&mut writer, Section::AccountSettings, owner, b"", &body)?;
    for (section, spool) in std::mem::take(&mut gathered.spools) {
        spool.each(|waiting| records(&mut writer, section, subject, &waiting))?;
    }
    for (section, count) in [
        (Section::Threads, gathered.left_out.0),
        (Section::Messages, gathered.left_out.1),
    ] {
        let what = "conversations of other people, with their messages";
        writer.leave_out(section, Ground::RightsOfOthers, what, None, count)?;
    }
    contents(&mut writer, &mut gathered, bundle)?;
    std::mem::take(&mut gathered.gaps).each(|waiting| gap(&mut writer, &waiting))?;
    Ok(writer.finish()?)
}

/// Who it is about: one person.
fn whose(gathered: &mut Gathered) -> Result<Draft, FromError> {
    let met = gathered.people.len();
    if gathered.asked.is_none() && met > 1 {
        let people = std::mem::take(&mut gathered.people).into_iter().collect();
        return Err(FromError::SeveralPeople { people });
    }
    if let (Some(asked), None) = (&gathered.asked, &gathered.owner) {
        let named = gathered.accounts.values().find(|one| {
            one.id == *asked
                || one.text("email") == Some(asked)
                || one.text("display_name") == Some(asked)
        });
        let Some(named) = named else {
            return Err(FromError::NobodyOfThatName {
                asked: asked.clone(),
                people: gathered.people.clone().into_iter().collect(),
            });
        };
        gathered.owner = Some(named.id.clone());
    }
    if gathered.owner.is_none() && gathered.accounts.len() > 1 {
        let people = gathered.accounts.keys().map(|id| (id.clone(), 0)).collect();
        return Err(FromError::SeveralPeople { people });
    }
    let only = gathered.accounts.keys().next().cloned();
    let id = gathered
        .owner
        .clone()
        .or(only)
        .unwrap_or_else(|| made(&[gathered.vendor.word(), "person"]));
    let account = gathered.accounts.remove(&id);
    let mut account = account.unwrap_or_else(|| Draft::new(Section::AccountSettings, id));
    account.set("user_id", Some(account.id.clone()));
    Ok(account)
}

fn header(gathered: &Gathered, subject: &str, order: &NewFile<'_>) -> Header {
    let product = gathered.vendor.product();
    Header {
        format: FORMAT,
        version: VERSION,
        revision: REVISION,
        schema: SchemaRef {
            sha256: schema::sha256(),
            location: "carryall schema".to_owned(),
        },
        id: order.export_id.to_owned(),
        product: product.to_owned(),
        subject_id: subject.to_owned(),
        created_at: order.now.to_owned(),
        snapshot_at: order.now.to_owned(),
        generator: Generator {
            name: "carryall".to_owned(),
            version: order.generator_version.to_owned(),
        },
        locale: "en".to_owned(),
        scope: ScopeHeader {
            workspace_id: None,
            since: None,
            until: None,
            file_contents: true,
            derived_from: None,
        },
        withheld: Vec::new(),
        processing: ProcessingHeader {
            controller: format!("whoever runs {product}; this file was made from its export"),
            contact: format!("see {product}'s privacy notice"),
            purposes: Vec::new(),
            recipients: Vec::new(),
            retention: None,
            rights: None,
        },
    }
}

fn records(
    writer: &mut Writer,
    section: Section,
    subject: &[u8],
    waiting: &Waiting,
) -> Result<(), FromError> {
    let (target, field) = match section {
        Section::Messages | Section::OtherRecords => (Section::Threads, "thread_id"),
        _ => (Section::Workspaces, "workspace_id"),
    };
    // The proof of a message is its thread.
    if section != Section::Messages
        && !waiting.refers_to.is_empty()
        && writer.resolve(target, &waiting.refers_to)? == Reference::Unknown
    {
        let reason = format!("the {field} that it names is not in the export");
        writer.field_gap(
            GapCode::DanglingReference,
            section,
            &waiting.id,
            field,
            reason,
        )?;
    }
    let proof = match section {
        Section::Messages => Proof::Parent(Section::Threads, &waiting.refers_to),
        _ => Proof::Owner(subject),
    };
    record(writer, section, proof, &waiting.id, &waiting.body)
}

fn record(
    writer: &mut Writer,
    section: Section,
    proof: Proof<'_>,
    id: &[u8],
    body: &[u8],
) -> Result<(), FromError> {
    writer
        .begin_record(section, proof, id)?
        .extend_from_slice(body);
    Ok(writer.end_record()?)
}

fn contents(
    writer: &mut Writer,
    gathered: &mut Gathered,
    bundle: &mut Bundle,
) -> Result<(), FromError> {
    for one in std::mem::take(&mut gathered.contents) {
        let id = one.id.as_bytes();
        let written = match one.at {
            ContentsAt::Entry(place) => {
                let entry = bundle.entries[place].clone();
                let read = bundle.read(&entry)?;
                writer.write_contents(one.section, id, read, |_| true)?
            }
            ContentsAt::Blob(place) => {
                let read = gathered.blobs.read(place)?;
                writer.write_contents(one.section, id, read, |_| true)?
            }
        };
        if let Some(failure) = &written.failure {
            let mut draft = Draft::new(one.section, one.id.as_str());
            let reason = format!("reading it stopped: {failure}");
            draft.gap(GapCode::ObjectIncomplete, None, reason);
            gathered.note_gaps(&draft)?;
        } else if one
            .stated_bytes
            .is_some_and(|stated| stated != written.size_bytes)
        {
            let reason = "its size is not the one that the export states";
            writer.field_gap(
                GapCode::ObjectChanged,
                one.section,
                id,
                "size_bytes",
                reason,
            )?;
        }
    }
    Ok(())
}

fn gap(writer: &mut Writer, waiting: &Waiting) -> Result<(), FromError> {
    let line: (String, String, Option<String>, String) =
        serde_json::from_slice(&waiting.body).map_err(io::Error::from)?;
    let (code, section, field, reason) = line;
    let (Some(code), Some(section)) = (GapCode::named(&code), Section::named(&section)) else {
        return Ok(());
    };
    let id = String::from_utf8_lossy(&waiting.id).into_owned();
    Ok(writer.gap(Gap {
        code,
        section,
        id: Some(id).filter(|_| section != Section::AccountSettings),
        field,
        reason,
    })?)
}
