-- Four people of a made-up AnythingLLM. Every secret holds the word canary, and so does what is nobody's or another's alone.
INSERT INTO users (id, username, password, role, createdAt, lastUpdatedAt, bio, dailyMessageLimit, web_push_subscription_config) VALUES
    (1, 'root', '$2b$10$canary-root', 'admin', 1750000000000, '2026-02-01 08:00:00', '', NULL, '{"endpoint":"https://push.example/canary"}'),
    (2, 'ada@example.com', '$2b$10$canary-ada', 'default', 1751000000000, 1751000000500, 'Writes audits.', 40, NULL),
    (3, 'bruno', '$2b$10$canary-bruno', 'manager', '2026-03-01 09:30:00', '2026-03-01 09:30:00', '', NULL, NULL),
    (4, 'chloe', '$2b$10$canary-chloe', 'default', 1752000000000, 1752000000000, NULL, NULL, NULL);
INSERT INTO workspaces (id, name, slug, openAiPrompt, openAiTemp, chatModel, createdAt, lastUpdatedAt) VALUES
    (1, 'Larkspur – audit', 'larkspur', 'Answer like an auditor.', 0.7, 'llama-3.3', 1751100000000, '2026-06-01 10:00:00'),
    (2, 'Team room', 'team-room', 'A prompt that several share.', NULL, NULL, '2026-01-05 07:00:00', '2026-01-05 07:00:00'),
    (3, 'Left behind', 'left-behind', 'Answer those who stayed.', NULL, NULL, '2026-01-06 07:00:00', '2026-01-06 07:00:00');
INSERT INTO workspace_users (id, user_id, workspace_id) VALUES (1, 2, 1), (2, 2, 2), (3, 3, 2), (4, 3, 3), (5, 2, 1);
INSERT INTO workspace_threads (id, name, slug, workspace_id, user_id, createdAt, lastUpdatedAt) VALUES
    (1, 'Scope', 'scope-1', 1, 2, 1751200000000, 1751200000000),
    (2, 'Risks', 'risks-2', 2, 3, '2026-04-01 08:00:00', '2026-04-01 08:00:00');
INSERT INTO workspace_chats (id, workspaceId, prompt, response, include, user_id, createdAt, lastUpdatedAt, thread_id, feedbackScore, api_session_id) VALUES
    (1, 1, 'What is in scope?', '{"text":"Three sites.","sources":[{"title":"scope.txt","text":"Bergen, Oslo","score":0.71}],"type":"chat","attachments":[],"metrics":{"prompt_tokens":21,"outputTps":12.5}}', 1, 2, 1751200001000, 1751200001500, 1, 1, NULL),
    (2, 1, 'And the data centre?', '{"text":"Out of scope.","sources":[],"type":"chat","attachments":[{"name":"plan.png","mime":"image/png","contentString":"data:image/png;base64,AAAA"}],"metrics":{}}', 1, 2, '2026-06-01 10:00:00', '2026-06-01 10:00:00', 1, 0, NULL),
    (3, 1, 'Outside any thread', '{"text":"Then it is the default one.","sources":[],"type":"query"}', 0, 2, 1751200003000, 1751200003000, NULL, NULL, NULL),
    (4, 2, 'Bruno asks in the team room', '{"text":"Bruno is answered.","sources":[],"type":"chat"}', 1, 3, '2026-04-01 08:01:00', '2026-04-01 08:01:00', 2, NULL, NULL),
    (5, 2, 'Ada asks there, too', '{"text":"Ada is answered.","sources":[],"type":"chat"}', 1, 2, '2026-04-01 08:02:00', '2026-04-01 08:02:00', NULL, NULL, NULL),
    (6, 2, 'canary of nobody', '{"text":"canary for nobody","sources":[],"type":"chat"}', 1, NULL, '2026-04-01 08:03:00', '2026-04-01 08:03:00', NULL, NULL, 'canary-session'),
    (7, 3, 'Ada before she left', 'an answer that is no JSON', 1, 2, '2026-04-01 08:04:00', '2026-04-01 08:04:00', 99, NULL, NULL),
    (8, 1, 'canary of a thread before there were users', '{"text":"canary"}', 1, NULL, 1751200009000, 1751200009000, 1, NULL, NULL);
INSERT INTO workspace_documents (id, docId, filename, docpath, workspaceId, metadata, pinned) VALUES
    (1, 'doc-a', 'scope.txt', 'custom-documents/scope.txt-1.json', 1, '{"title":"scope.txt","wordCount":4}', 1),
    (2, 'doc-b', 'team.txt', 'custom-documents/canary-team.txt-2.json', 2, '{"title":"canary of a document that several share"}', 0);
INSERT INTO workspace_parsed_files (id, filename, workspaceId, userId, threadId, metadata, tokenCountEstimate, createdAt) VALUES
    (1, 'minutes.txt-3.json', 2, 3, 2, '{"title":"minutes.txt","wordCount":3}', 5, 1751200005000),
    (2, 'gone.txt-4.json', 1, 2, 1, '{"title":"gone.txt"}', 7, 1751200006000);
INSERT INTO memories (id, user_id, workspace_id, scope, content, created_at, updated_at) VALUES
    (1, 2, 1, 'workspace', 'Larkspur has three sites.', 1751200007000, 1751200007000),
    (2, 2, NULL, 'global', 'Ada writes British English.', '2026-05-01 06:00:00', '2026-05-01 06:00:00'),
    (3, 3, 2, 'workspace', 'Bruno leads the team room.', '2026-05-02 06:00:00', '2026-05-02 06:00:00'),
    (4, NULL, 2, 'workspace', 'canary memory of nobody', '2026-05-03 06:00:00', '2026-05-03 06:00:00');
INSERT INTO slash_command_presets (command, prompt, description, uid, userId) VALUES ('/audit', 'Audit this', 'Starts an audit', 2, 2);
INSERT INTO system_prompt_variables (key, value, type, userId, updatedAt) VALUES ('client', 'Larkspur', 'user', 2, 1751200008000);
INSERT INTO prompt_history (workspaceId, prompt, modifiedBy) VALUES (1, 'Answer like a lawyer.', 2);
INSERT INTO workspace_agent_invocations (uuid, prompt, user_id, thread_id, workspace_id) VALUES ('canary-uuid', '@agent look it up', 2, 1, 1);
INSERT INTO embed_configs (id, uuid, workspace_id, createdBy) VALUES (1, 'canary-embed', 2, 3);
INSERT INTO embed_chats (prompt, response, session_id, connection_information, embed_id, usersId) VALUES
    ('canary of a visitor', '{"text":"canary"}', 'canary-visit', '{"ip":"canary"}', 1, NULL),
    ('Ada on the web page', '{"text":"Welcome, Ada.","type":"chat"}', 'canary-ada', '{"ip":"canary"}', 1, 2);
INSERT INTO event_logs (event, metadata, userId, occurredAt) VALUES ('login_event', '{"ip":"canary","username":"canary"}', 2, 1751200010000);
INSERT INTO invites (code, status, claimedBy, createdBy) VALUES ('canary-code', 'claimed', 4, 3);
INSERT INTO api_keys (secret, createdBy, name) VALUES ('canary-key', 3, 'for the build');
INSERT INTO browser_extension_api_keys (key, user_id, lastUpdatedAt) VALUES ('canary-browser', 2, 1751200011000);
INSERT INTO desktop_mobile_devices (deviceOs, deviceName, token, userId) VALUES ('ios', 'a telephone', 'canary-device', 2);
INSERT INTO recovery_codes (user_id, code_hash) VALUES (2, 'canary-recovery');
INSERT INTO password_reset_tokens (user_id, token, expiresAt) VALUES (2, 'canary-reset', 1751200012000);
INSERT INTO temporary_auth_tokens (token, userId, expiresAt) VALUES ('canary-link', 2, 1751200013000);
INSERT INTO cache_data (name, data, belongsTo, byId) VALUES ('usage', 'canary', 'user', 2), ('canary', 'canary', NULL, 2);
INSERT INTO model_routers (id, name, fallback_provider, fallback_model, created_by) VALUES (1, 'cheap first', 'ollama', 'llama-3.3', 3);
INSERT INTO model_router_rules (router_id, priority, title, conditions, route_provider, route_model, created_by) VALUES (1, 1, 'long ones', '[{"property":"length","comparator":"gt","value":400}]', 'openai', 'gpt-5', 3);
INSERT INTO system_settings (label, value) VALUES ('canary_setting', 'canary');
