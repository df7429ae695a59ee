using System.CommandLine;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migrator.Commands;

/// <summary>Antrea's <c>trafficEncapMode</c>, by the words of its configuration.</summary>
internal sealed class AntreaEncapOption
{
    private readonly Option<string?> _option;

    /// <param name="description">Whose mode it is, and what holds where it is not given.</param>
    public AntreaEncapOption(string description) => _option = new Option<string?>("--antrea-encap")
    {
        Description = description,
        HelpName = "encap|noEncap|hybrid",
    }.AcceptOnlyFromAmong("encap", "noEncap", "hybrid");

    public void AddTo(Command command) => command.Add(_option);

    /// <summary>Null where it is not given.</summary>
    public AntreaEncapMode? Mode(ParseResult parse) => parse.GetValue(_option) switch
    {
        "encap" => AntreaEncapMode.Encap,
        "noEncap" => AntreaEncapMode.NoEncap,
        "hybrid" => AntreaEncapMode.Hybrid,
        _ => null,
    };
}
