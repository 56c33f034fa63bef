create function public.tell() returns event_trigger language plpgsql as $$
begin
    notify pgrst, 'reload schema';
end $$;
create event trigger tell_change on ddl_command_end execute function public.tell();
create event trigger tell_drop on sql_drop execute function public.tell();
