namespace Antrea.Migrator;

internal static class Program
{
    private static Task<int> Main(string[] args) =>
        MigratorApp.RunAsync(args, Console.Out, Console.Error, CancellationToken.None);
}
