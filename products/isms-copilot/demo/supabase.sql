-- What Supabase holds beside the demo's rows, made from them: run as the owner of everything, after they were copied.
-- Once more after they changed makes it right again.

SET session_replication_role = replica;

DELETE FROM storage.objects;
DELETE FROM storage.buckets;
DELETE FROM auth.users;

INSERT INTO auth.users
    (id, email, encrypted_password, email_confirmed_at, recovery_token, last_sign_in_at, raw_app_meta_data,
     raw_user_meta_data, created_at, updated_at, deleted_at)
SELECT id, email, password_hash, email_confirmed_at, md5('recovery ' || unsubscribe_token), last_login_at,
    jsonb_build_object('provider', auth_providers -> 0, 'providers', auth_providers),
    jsonb_build_object('display_name', display_name), created_at, updated_at, deleted_at
FROM public.users;

INSERT INTO storage.buckets (id, name) VALUES ('files', 'files');

INSERT INTO storage.objects (id, bucket_id, name, owner_id, metadata, created_at, updated_at)
SELECT md5('object ' || id)::uuid, 'files', storage_key, user_id::text,
    jsonb_build_object('size', size_bytes, 'mimetype', media_type), created_at, created_at
FROM public.uploaded_files
UNION ALL
SELECT md5('object ' || id)::uuid, 'files', storage_key, user_id::text,
    jsonb_build_object('size', size_bytes, 'mimetype', media_type), created_at, updated_at
FROM public.generated_documents WHERE storage_key IS NOT NULL;

SET session_replication_role = origin;
