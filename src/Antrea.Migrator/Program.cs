using Antrea.Migrator;

return await MigratorApp.RunAsync(args, Console.Out, Console.Error, CancellationToken.None);
