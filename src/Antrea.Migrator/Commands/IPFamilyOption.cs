using System.CommandLine;
using Antrea.Migration.Addressing;
using Antrea.Migration.Lab;

namespace Antrea.Migrator.Commands;

/// <summary>Which families a lab cluster's Nodes, Pods and Services have.</summary>
internal sealed class IPFamilyOption
{
    /// <summary>Outside each other, as <see cref="Pool6"/> is Calico's; room for the most workers that a lab has.</summary>
    private static readonly Cidr PodSubnet6 = Cidr.Parse("fd00:10:10::/48");

    private static readonly Cidr Pool6 = Cidr.Parse("fd00:10:20::/64");
    private static readonly Cidr ServiceSubnet6 = Cidr.Parse("fd00:10:96::/112");

    private readonly Option<string> _option = new Option<string>("--ip-family")
    {
        Description = "Lab: Nodes, Pods and Services have IPv4 addresses, IPv6 ones, or both.",
        DefaultValueFactory = _ => "ipv4",
        HelpName = "ipv4|ipv6|dual",
    }.AcceptOnlyFromAmong("ipv4", "ipv6", "dual");

    public Option Option => _option;

    public void AddTo(Command command, ControlPlaneOption controlPlane)
    {
        command.Add(_option);
        command.Validators.Add(result =>
        {
            if (result.GetValue(_option) is ("ipv6" or "dual") and var family && controlPlane.IsReal(result))
            {
                result.AddError($"--ip-family {family} goes with --control-plane embedded only.");
            }
        });
    }

    public LabClusterOptions Apply(ParseResult parse, LabClusterOptions options) => parse.GetValue(_option) switch
    {
        "dual" => options with { PodSubnet6 = PodSubnet6, CalicoPool6 = Pool6 },
        "ipv6" => options with { PodSubnet = PodSubnet6, CalicoPool = Pool6, ServiceSubnet = ServiceSubnet6 },
        _ => options,
    };
}
