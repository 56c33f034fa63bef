-- Everybody's channels, made by somebody who can sign in.
insert into public.role_permissions (role, permission)
values ('admin', 'channels.delete'), ('admin', 'messages.delete'), ('moderator', 'messages.delete');

do $$
declare
  user_id uuid := '8d0fd2b3-9ca7-4d9e-a95f-9e13dded323e';
begin
  insert into auth.users (instance_id, id, aud, role, email, encrypted_password, email_confirmed_at, raw_app_meta_data, raw_user_meta_data,
    created_at, updated_at, confirmation_token, email_change, email_change_token_new, recovery_token)
  values ('00000000-0000-0000-0000-000000000000', user_id, 'authenticated', 'authenticated', 'founder@example.com',
    crypt('correct horse 1', gen_salt('bf')), now(), '{"provider":"email","providers":["email"]}', '{}', now(), now(), '', '', '', '');
  insert into auth.identities (id, user_id, provider_id, identity_data, provider, last_sign_in_at, created_at, updated_at)
  values (gen_random_uuid(), user_id, user_id::text, format('{"sub":"%s","email":"%s"}', user_id::text, 'founder@example.com')::jsonb, 'email', now(), now(), now());
end;
$$ language plpgsql;

insert into public.channels (slug, created_by)
values ('public', '8d0fd2b3-9ca7-4d9e-a95f-9e13dded323e'), ('random', '8d0fd2b3-9ca7-4d9e-a95f-9e13dded323e');
insert into public.messages (message, channel_id, user_id)
values ('Hello World 👋', 1, '8d0fd2b3-9ca7-4d9e-a95f-9e13dded323e');
