using System.CommandLine;
using Antrea.Migration.Clusters;
using Antrea.Migration.Routing.Reachability;

namespace Antrea.Migrator.Commands;

/// <summary>How Antrea, Multus Pods and the Nodes' kernels are set, as far as a snapshot does not tell; shared by <c>routes</c> and
/// <c>routes why</c>.</summary>
internal sealed class ReachabilityInputs
{
    private readonly AntreaEncapOption _encap = new("Antrea's trafficEncapMode; by default what the cluster's ConfigMap antrea-config says, else encap.");

    private readonly Option<string> _multus = new Option<string>("--multus-routes")
    {
        Description = "How Multus Pods are routed inside: as this migration's Multus file leaves them (by-pod-cidr), as the plugins do (stock), or with a rule for replies (v1, v2).",
        HelpName = "by-pod-cidr|stock|v1|v2",
        DefaultValueFactory = _ => "by-pod-cidr",
    }.AcceptOnlyFromAmong("by-pod-cidr", "stock", "v1", "v2");

    private readonly Option<int> _rpFilter = CommonOptions.Whole("--rp-filter", "The Nodes' net.ipv4.conf.all.rp_filter.", 2, 0, 2);
    private readonly Option<bool> _noSnat = new("--no-snat") { Description = "Antrea's noSNAT is on, or off (--no-snat false); by default what the cluster's ConfigMap antrea-config says." };
    private readonly Option<bool> _passesInvalid = new("--conntrack-liberal") { Description = "kube-proxy does not drop invalid packets (nf_conntrack_tcp_be_liberal)." };

    public void AddTo(Command command)
    {
        _encap.AddTo(command);
        foreach (var option in (Option[])[_multus, _rpFilter, _noSnat, _passesInvalid])
        {
            command.Add(option);
        }
    }

    public ReachabilityModel Read(ParseResult parse, ClusterSnapshot snapshot) => Read(parse, ReachabilityModel.FromSnapshot(snapshot));

    private ReachabilityModel Read(ParseResult parse, ReachabilityModel cluster) => cluster with
    {
        AntreaEncap = _encap.Mode(parse) ?? cluster.AntreaEncap,
        MultusRoutes = parse.GetValue(_multus) switch
        {
            "stock" => MultusRoutes.Stock,
            "v1" => MultusRoutes.V1,
            "v2" => MultusRoutes.V2,
            _ => MultusRoutes.ByPodCidr,
        },
        ReversePathFilter = parse.GetValue(_rpFilter) switch
        {
            0 => ReversePathFilter.Off,
            1 => ReversePathFilter.Strict,
            _ => ReversePathFilter.Loose,
        },
        NoSnat = parse.GetResult(_noSnat) is { Implicit: false } ? parse.GetValue(_noSnat) : cluster.NoSnat,
        KubeProxyDropsInvalid = !parse.GetValue(_passesInvalid),
    };
}
