-- A dump of the storage schema with its rows, as `pg_dump --schema=storage` writes it, of a project of the summer of 2025: folders
-- are rows that triggers keep. Made up for the test in storage_dump.test.mjs; only what matters for the move is here.
SET statement_timeout = 0;
SET client_encoding = 'UTF8';
SET standard_conforming_strings = on;
SELECT pg_catalog.set_config('search_path', '', false);
SET check_function_bodies = false;
SET row_security = off;

CREATE SCHEMA storage;
ALTER SCHEMA storage OWNER TO supabase_storage_admin;
CREATE TYPE storage.buckettype AS ENUM ('STANDARD', 'ANALYTICS');
ALTER TYPE storage.buckettype OWNER TO supabase_storage_admin;

CREATE FUNCTION storage.foldername(name text) RETURNS text[] LANGUAGE plpgsql AS $$
DECLARE
    parts text[] := string_to_array(name, '/');
BEGIN
    RETURN parts[1:array_length(parts, 1) - 1];
END
$$;
ALTER FUNCTION storage.foldername(name text) OWNER TO supabase_storage_admin;
CREATE FUNCTION storage.get_level(name text) RETURNS integer LANGUAGE sql IMMUTABLE STRICT AS $$
SELECT array_length(string_to_array(name, '/'), 1);
$$;
ALTER FUNCTION storage.get_level(name text) OWNER TO supabase_storage_admin;
CREATE FUNCTION storage.objects_insert_prefix_trigger() RETURNS trigger LANGUAGE plpgsql AS $$
DECLARE
    folder text := regexp_replace(NEW.name, '/[^/]+$', '');
BEGIN
    IF folder <> NEW.name THEN
        INSERT INTO storage.prefixes (bucket_id, name) VALUES (NEW.bucket_id, folder) ON CONFLICT DO NOTHING;
    END IF;
    NEW.level := storage.get_level(NEW.name);
    RETURN NEW;
END
$$;
ALTER FUNCTION storage.objects_insert_prefix_trigger() OWNER TO supabase_storage_admin;
CREATE FUNCTION storage.search_v2(prefix text, bucket_name text, limits integer DEFAULT 100, levels integer DEFAULT 1, start_after text DEFAULT ''::text) RETURNS TABLE(key text, name text, id uuid, updated_at timestamp with time zone, created_at timestamp with time zone, metadata jsonb) LANGUAGE sql STABLE AS $$
SELECT 'older', 'older', NULL::uuid, NULL::timestamptz, NULL::timestamptz, NULL::jsonb
$$;
ALTER FUNCTION storage.search_v2(prefix text, bucket_name text, limits integer, levels integer, start_after text) OWNER TO supabase_storage_admin;

CREATE TABLE storage.buckets (
    id text NOT NULL,
    name text NOT NULL,
    owner uuid,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now(),
    public boolean DEFAULT false,
    avif_autodetection boolean DEFAULT false,
    file_size_limit bigint,
    allowed_mime_types text[],
    owner_id text,
    type storage.buckettype DEFAULT 'STANDARD'::storage.buckettype NOT NULL
);
ALTER TABLE storage.buckets OWNER TO supabase_storage_admin;
COMMENT ON COLUMN storage.buckets.owner IS 'Field is deprecated, use owner_id instead';
CREATE TABLE storage.migrations (
    id integer NOT NULL,
    name character varying(100) NOT NULL,
    hash character varying(40) NOT NULL,
    executed_at timestamp without time zone DEFAULT CURRENT_TIMESTAMP
);
ALTER TABLE storage.migrations OWNER TO supabase_storage_admin;
CREATE TABLE storage.objects (
    id uuid DEFAULT gen_random_uuid() NOT NULL,
    bucket_id text,
    name text,
    owner uuid,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now(),
    last_accessed_at timestamp with time zone DEFAULT now(),
    metadata jsonb,
    path_tokens text[] GENERATED ALWAYS AS (string_to_array(name, '/'::text)) STORED,
    version text,
    owner_id text,
    user_metadata jsonb,
    level integer
);
ALTER TABLE storage.objects OWNER TO supabase_storage_admin;
CREATE TABLE storage.prefixes (
    bucket_id text NOT NULL,
    name text NOT NULL COLLATE pg_catalog."C",
    level integer GENERATED ALWAYS AS (storage.get_level(name)) STORED NOT NULL,
    created_at timestamp with time zone DEFAULT now(),
    updated_at timestamp with time zone DEFAULT now()
);
ALTER TABLE storage.prefixes OWNER TO supabase_storage_admin;

COPY storage.buckets (id, name, owner, created_at, updated_at, public, avif_autodetection, file_size_limit, allowed_mime_types, owner_id, type) FROM stdin;
papers	papers	\N	2025-06-01 10:11:12.123456+00	2025-06-01 10:11:12.123456+00	f	f	\N	\N	\N	STANDARD
\.
COPY storage.migrations (id, name, hash, executed_at) FROM stdin;
0	create-migrations-table	e18db593bcde2aca2a408c4d1100f6abba2195df	2025-06-01 10:11:12.123456
2	storage-schema	5c7968fd083fcea04050c1b7f6253c9771b99011	2025-06-01 10:11:12.123456
26	objects-prefixes	ef3f7871121cdc47a65308e6702519e853422ae2	2025-06-01 10:11:12.123456
\.
COPY storage.objects (id, bucket_id, name, owner, created_at, updated_at, last_accessed_at, metadata, version, owner_id, user_metadata, level) FROM stdin;
00000001-4444-4444-8444-444444444444	papers	00000001-1111-4111-8111-111111111111/top.txt	00000001-1111-4111-8111-111111111111	2025-06-01 10:11:12.123456+00	2025-06-01 10:11:12.123456+00	2025-06-01 10:11:12.123456+00	{"size": 3, "mimetype": "text/plain"}	00000001-5555-4555-8555-555555555555	00000001-1111-4111-8111-111111111111	{}	2
00000002-4444-4444-8444-444444444444	papers	00000001-1111-4111-8111-111111111111/deep/er/one.txt	00000001-1111-4111-8111-111111111111	2025-06-01 10:11:12.123456+00	2025-06-01 10:11:12.123456+00	2025-06-01 10:11:12.123456+00	{"size": 3, "mimetype": "text/plain"}	00000002-5555-4555-8555-555555555555	00000001-1111-4111-8111-111111111111	\N	4
\.
COPY storage.prefixes (bucket_id, name, created_at, updated_at) FROM stdin;
papers	00000001-1111-4111-8111-111111111111	2025-06-01 10:11:12.123456+00	2025-06-01 10:11:12.123456+00
papers	00000001-1111-4111-8111-111111111111/deep	2025-06-01 10:11:12.123456+00	2025-06-01 10:11:12.123456+00
papers	00000001-1111-4111-8111-111111111111/deep/er	2025-06-01 10:11:12.123456+00	2025-06-01 10:11:12.123456+00
\.

ALTER TABLE ONLY storage.buckets ADD CONSTRAINT buckets_pkey PRIMARY KEY (id);
ALTER TABLE ONLY storage.migrations ADD CONSTRAINT migrations_name_key UNIQUE (name);
ALTER TABLE ONLY storage.migrations ADD CONSTRAINT migrations_pkey PRIMARY KEY (id);
ALTER TABLE ONLY storage.objects ADD CONSTRAINT objects_pkey PRIMARY KEY (id);
ALTER TABLE ONLY storage.prefixes ADD CONSTRAINT prefixes_pkey PRIMARY KEY (bucket_id, level, name);
CREATE UNIQUE INDEX bname ON storage.buckets USING btree (name);
CREATE UNIQUE INDEX bucketid_objname ON storage.objects USING btree (bucket_id, name);
CREATE UNIQUE INDEX idx_name_bucket_level_unique ON storage.objects USING btree (name COLLATE "C", bucket_id, level);
CREATE INDEX name_prefix_search ON storage.objects USING btree (name text_pattern_ops);
CREATE TRIGGER objects_insert_create_prefix BEFORE INSERT ON storage.objects FOR EACH ROW EXECUTE FUNCTION storage.objects_insert_prefix_trigger();
ALTER TABLE ONLY storage.objects ADD CONSTRAINT "objects_bucketId_fkey" FOREIGN KEY (bucket_id) REFERENCES storage.buckets(id);
ALTER TABLE ONLY storage.prefixes ADD CONSTRAINT "prefixes_bucketId_fkey" FOREIGN KEY (bucket_id) REFERENCES storage.buckets(id);
CREATE POLICY "Own folder" ON storage.objects TO authenticated USING (((bucket_id = 'papers'::text) AND ((storage.foldername(name))[1] = (auth.uid())::text)));
ALTER TABLE storage.buckets ENABLE ROW LEVEL SECURITY;
ALTER TABLE storage.objects ENABLE ROW LEVEL SECURITY;
ALTER TABLE storage.prefixes ENABLE ROW LEVEL SECURITY;
GRANT ALL ON SCHEMA storage TO postgres WITH GRANT OPTION;
GRANT USAGE ON SCHEMA storage TO anon, authenticated, service_role;
GRANT ALL ON TABLE storage.buckets TO anon, authenticated, service_role;
GRANT ALL ON TABLE storage.objects TO anon, authenticated, service_role;
GRANT ALL ON TABLE storage.prefixes TO anon, authenticated, service_role;
