using System.CommandLine;

namespace Antrea.Migrator.Commands;

/// <summary><c>policies</c>: what Calico's policies become, whether two sets of policies mean the same, and which rule decides a flow.</summary>
internal static class PoliciesCommand
{
    public static Command Create(TextWriter output) => new("policies", "Calico policies and their Antrea equals.")
    {
        PoliciesConvertCommand.Create(output),
        PoliciesVerifyCommand.Create(output),
        PoliciesExplainCommand.Create(output),
    };
}
