using System.CommandLine;
using Antrea.Migration.Lab;

namespace Antrea.Migrator.Commands;

/// <summary>How a lab cluster's Calico gets from Node to Node.</summary>
internal sealed class CalicoEncapsulationOption
{
    private readonly Option<string> _option = new Option<string>("--calico-encapsulation")
    {
        Description = "Lab: Calico's packets go from Node to Node by IPIP, by VXLAN, or as they are; with ipip, IPv6 goes as it is.",
        DefaultValueFactory = _ => "ipip",
        HelpName = "ipip|vxlan|none",
    }.AcceptOnlyFromAmong("ipip", "vxlan", "none");

    public void AddTo(Command command) => command.Add(_option);

    public CalicoEncapsulation Kind(ParseResult parse) => parse.GetValue(_option) switch
    {
        "vxlan" => CalicoEncapsulation.Vxlan,
        "none" => CalicoEncapsulation.None,
        _ => CalicoEncapsulation.Ipip,
    };
}
