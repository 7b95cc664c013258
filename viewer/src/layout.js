// What stands where in an export file, as docs/FORMAT.md says it. A test holds this against the schema
// that the program prints.

/** The sections with a person's data, in file order, with the help page's words. */
export const SECTIONS = {
  account_settings: "Account settings",
  workspaces: "Workspaces",
  threads: "Conversation threads",
  messages: "Messages",
  uploaded_files: "Uploaded files",
  generated_documents: "Generated documents",
  workspace_memories: "Workspace memories",
  user_memories: "User memories",
  subscriptions: "Subscriptions",
  other_records: "Other records",
  file_contents: "File contents",
};

/** Every key of the top object, in file order. */
export const KEYS = ["export", ...Object.keys(SECTIONS), "gaps", "summary", "integrity"];

/** Keys whose value is a list. */
export const LISTS = KEYS.filter((key) => !["export", "account_settings", "summary", "integrity"].includes(key));

const PLACE = { workspace_id: "workspaces", thread_id: "threads", message_id: "messages" };

/** Section -> field -> the section that its ids are of. */
export const REFERENCES = {
  workspaces: { parent_id: "workspaces" },
  threads: { workspace_id: "workspaces", current_message_id: "messages" },
  messages: {
    thread_id: "threads", parent_id: "messages", file_ids: "uploaded_files", generated_document_ids: "generated_documents",
  },
  uploaded_files: PLACE,
  generated_documents: PLACE,
  workspace_memories: { workspace_id: "workspaces", source_thread_id: "threads" },
  user_memories: { source_thread_id: "threads" },
  other_records: PLACE,
};

/** References by which records are found, so that they are remembered. */
export const LINKS = {
  threads: ["workspace_id"],
  messages: ["thread_id", "parent_id"],
  uploaded_files: ["workspace_id", "thread_id"],
  generated_documents: ["workspace_id", "thread_id"],
  workspace_memories: ["workspace_id"],
  other_records: ["workspace_id", "thread_id"],
};

/** The format's word, and the version of it that this viewer reads. */
export const FORMAT = "carryall-export";
export const VERSION = 1;
