namespace Antrea.Migrator.Commands;

/// <summary>What migrators on a cluster are called.</summary>
internal static class Operator
{
    /// <summary>This process, for the Lease and the journal: two terminals of one person are two.</summary>
    public static string Self => $"{Environment.UserName}@{Environment.MachineName} (process {Environment.ProcessId})";
}
