namespace Antrea.Migration.Tests.Policies;

/// <summary>Host endpoints: those that nothing protects need no Antrea policy, every other is refused by name.</summary>
public sealed class HostEndpointReachTests
{
    private const string Open = "projectcalico-default-allow";

    /// <summary>The policy that applies, its tiers, and what is said of the endpoint n1.</summary>
    private static IEnumerable<TestCaseData> Cases()
    {
        yield return Case("no policy", Open, "open");
        yield return Case("no policy and no profile", "", "host-endpoint");
        yield return Case("everything allowed in one direction", Open, "open", "{types: [Ingress], ingress: [{action: Allow}]}");
        yield return Case("everything allowed in one direction, no profile for the other", "", "host-endpoint host-endpoint-in-reach", "{types: [Ingress], ingress: [{action: Allow}]}");
        yield return Case("everything allowed in both, no profile", "", "open", "{types: [Ingress, Egress], ingress: [{action: Allow}], egress: [{action: Allow}]}");
        yield return Case("something allowed, and the end of the tier", Open, "host-endpoint-in-reach", "{types: [Ingress], ingress: [{action: Allow, protocol: TCP}]}");
        yield return Case("no rules, and the end of the tier", Open, "host-endpoint-in-reach", "{types: [Egress]}");
        yield return Case("Log before", Open, "open", "{types: [Ingress], ingress: [{action: Log, protocol: TCP}, {action: Allow}]}");
        yield return Case("a Deny that nothing gets to", Open, "open", "{types: [Ingress], ingress: [{action: Allow}, {action: Deny}]}");
        yield return Case("a Deny before", Open, "host-endpoint-in-reach", "{types: [Ingress], ingress: [{action: Deny, protocol: TCP}, {action: Allow}]}");
        yield return Case("a Deny that another policy comes before", Open, "open", "{order: 1, types: [Ingress], ingress: [{action: Allow}]}", "{order: 2, types: [Ingress], ingress: [{action: Deny}]}");
        yield return Case("a Deny that comes before another policy", Open, "host-endpoint-in-reach", "{order: 2, types: [Ingress], ingress: [{action: Allow}]}", "{order: 1, types: [Ingress], ingress: [{action: Deny, protocol: TCP}]}");
        yield return Case("Pass to the profile", Open, "open", "{types: [Ingress], ingress: [{action: Pass}]}");
        yield return Case("Pass to no profile", "", "host-endpoint host-endpoint-in-reach", "{types: [Ingress, Egress], ingress: [{action: Pass}], egress: [{action: Allow}]}");
        yield return Case("Pass of something to a tier that denies", Open, "host-endpoint-in-reach", "{tier: first, types: [Ingress], ingress: [{action: Pass, protocol: UDP}, {action: Allow}]}", "{types: [Ingress], ingress: []}");
        yield return Case("Allow before a tier that denies", Open, "open", "{tier: first, types: [Ingress], ingress: [{action: Allow}]}", "{types: [Ingress], ingress: []}");
        yield return Case("a tier that ends in Pass", Open, "open", "{tier: passing, types: [Ingress], ingress: [{action: Allow, protocol: TCP}]}");
        yield return Case("untracked Allow", Open, "open", "{doNotTrack: true, applyOnForward: true, types: [Ingress], ingress: [{action: Allow, protocol: TCP}]}");
        yield return Case("untracked Deny", Open, "host-endpoint-in-reach", "{doNotTrack: true, applyOnForward: true, types: [Ingress], ingress: [{action: Deny, protocol: TCP}]}");
        yield return Case("pre-DNAT Deny", Open, "host-endpoint-in-reach", "{preDNAT: true, applyOnForward: true, types: [Ingress], ingress: [{action: Deny, protocol: TCP}]}");
        yield return Case("forwarded traffic allowed", Open, "open", "{applyOnForward: true, types: [Ingress], ingress: [{action: Allow}]}");
        yield return Case("forwarded traffic with an end", "", "host-endpoint host-endpoint-in-reach", "{order: 1, types: [Ingress, Egress], ingress: [{action: Allow}], egress: [{action: Allow}]}", "{order: 2, applyOnForward: true, types: [Ingress], ingress: []}");
        yield return Case("forwarded traffic passed on, for which there is no profile", Open, "host-endpoint-in-reach", "{applyOnForward: true, types: [Ingress], ingress: [{action: Pass}]}");
        yield return Case("a policy for Pods", Open, "open", "{namespaceSelector: all(), types: [Ingress], ingress: [{action: Deny}]}");

        static TestCaseData Case(string name, string profile, string expected, params string[] policies) =>
            new TestCaseData(profile, expected, policies).SetArgDisplayNames(name);
    }

    [TestCaseSource(nameof(Cases))]
    public void Convert_HostEndpoint_IsRefusedUnlessNothingProtectsIt(string profile, string expected, string[] policies)
    {
        ArgumentNullException.ThrowIfNull(policies);
        var cluster = PolicyCluster.Examples("v3.32.0")
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: first}, spec: {order: 1}}")
            .Add("{apiVersion: crd.projectcalico.org/v1, kind: Tier, metadata: {name: passing}, spec: {order: 2, defaultAction: Pass}}")
            .Add($"{{apiVersion: crd.projectcalico.org/v1, kind: HostEndpoint, metadata: {{name: n1}}, spec: {{node: n1, interfaceName: '*', profiles: [{profile}]}}}}");
        for (var i = 0; i < policies.Length; i++)
        {
            cluster.Add($"{{apiVersion: crd.projectcalico.org/v1, kind: GlobalNetworkPolicy, metadata: {{name: p{i}}}, spec: {policies[i]}}}");
        }

        var said = cluster.Convert().Findings.Select(f => f.Id).Where(id => id.StartsWith("host-endpoint", StringComparison.Ordinal)).Distinct().Order(StringComparer.Ordinal);
        Assert.That(string.Join(' ', said), Is.EqualTo(expected == "open" ? "host-endpoint-open" : expected));
    }
}
