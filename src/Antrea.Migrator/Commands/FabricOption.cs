using System.CommandLine;
using Antrea.Migration.Lab;

namespace Antrea.Migrator.Commands;

/// <summary>What a lab cluster's network is made of.</summary>
internal sealed class FabricOption
{
    private readonly Option<string> _option = new Option<string>("--fabric")
    {
        Description = "Lab: the network is simulated, or the kernel's own (network namespaces with real routes, rules and policies; Linux, root).",
        DefaultValueFactory = _ => "simulated",
        HelpName = "simulated|kernel",
    }.AcceptOnlyFromAmong("simulated", "kernel");

    public Option Option => _option;

    public void AddTo(Command command) => command.Add(_option);

    public LabFabricKind Kind(ParseResult parse) =>
        parse.GetValue(_option) == "kernel" ? LabFabricKind.Kernel : LabFabricKind.Simulated;
}
