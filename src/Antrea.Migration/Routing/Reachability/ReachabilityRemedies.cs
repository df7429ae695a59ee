namespace Antrea.Migration.Routing.Reachability;

/// <summary>What an operator can do about each cause.</summary>
internal static class ReachabilityRemedies
{
    private const string NewPool =
        "move Calico to a new IPPool outside every PodCIDR and restart the Pods whose addresses lie in one (the Nodes' tunnel addresses too)";

    public static string Of(ReachabilityCause cause) => cause switch
    {
        ReachabilityCause.None => "",
        ReachabilityCause.OverlapOnLink or ReachabilityCause.OverlapInOvs =>
            $"Drain the Node of the Calico block that lies in a PodCIDR, or {NewPool}, before any Pod has an Antrea interface",
        ReachabilityCause.ReplyOnLink or ReachabilityCause.ReplyToOtherNode =>
            $"Make the client a Multus Pod before the server is an Antrea Pod; or {NewPool}",
        ReachabilityCause.OneSidedConnection =>
            "Make every client a Multus Pod before the first server is an Antrea Pod (the order of this migration); or move Calico to an IPPool "
            + "outside the PodCIDRs with natOutgoing on and delete the old one; or route Calico's sources to the PodCIDRs by Calico's tunnel",
        ReachabilityCause.NotMasqueraded =>
            $"Turn Antrea's noSNAT off while both networks run; where it is off, the server's address lies in a PodCIDR: {NewPool}",
        ReachabilityCause.BlockInPodCidr =>
            $"Release the block before Antrea gives its addresses out: {NewPool}, then remove the old block's routes from every Node",
        ReachabilityCause.BlockAroundPodCidr or ReachabilityCause.EqualPrefixes => "First of all, " + NewPool,
        ReachabilityCause.LastOfPodCidr or ReachabilityCause.FirstOfPodCidr => $"Delete the Pod, so that another address is given; or {NewPool}",
        ReachabilityCause.ReversePathFilter => "Set net.ipv4.conf.all.rp_filter and that of Calico's tunnel device to 2 (loose) on every Node",
        ReachabilityCause.TwoDefaults =>
            "Give Multus Pods one default route and a rule for replies of their Calico address, as this migration's Multus file does",
        ReachabilityCause.OwnSource => $"Have the program call itself by localhost; or {NewPool}",
        ReachabilityCause.UnexpectedRoute =>
            "Compare the route with the findings of 'antrea-migrator routes' for that Node, and put it right there",
        _ => "Add a rule to Multus Pods so that what comes from their Calico address leaves by eth0",
    };
}
