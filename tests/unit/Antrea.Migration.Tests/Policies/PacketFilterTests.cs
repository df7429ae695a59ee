using System.Net;
using Antrea.Migration.Policies;
using Antrea.Migration.Policies.Conversion;
using Antrea.Migration.Policies.Semantics;
using Antrea.Migration.Policies.Verification;

namespace Antrea.Migration.Tests.Policies;

/// <summary>What no packet filter can hold is refused by name; <see cref="PacketFilterPropertyTests"/> compares what it can.</summary>
public sealed class PacketFilterTests
{
    [TestCase("egress: [{action: Allow, to: [{fqdn: 'example.com'}]}]", "spec.egress[0].to[0].fqdn")]
    [TestCase("ingress: [{action: Drop, from: [{scope: ClusterSet}]}]", "spec.ingress[0].from[0].scope")]
    [TestCase("ingress: [{action: Allow, l7Protocols: [{http: {path: /x}}]}]", "spec.ingress[0].l7Protocols")]
    public void ForAntrea_RuleThatObjectsDoNotTell_IsRefusedWithItsField(string rules, string field)
    {
        var policy = AntreaLab.Shop("vague", $"appliedTo: [{{podSelector: {{}}}}], {rules}");
        var objects = YamlObjects.Read(policy).Select(o => o.Json);

        Assert.That(
            () => PacketFilter.ForAntrea(AntreaLab.World().Snapshot, objects), Throws.TypeOf<NotSupportedException>().With.Message.Contains("vague").And.Message.Contains(field));
    }

    [Test]
    public void Find_RuleThatCalicoCannotProgram_IsRefusedWithThePod()
    {
        const string Version = "v3.26.1";
        var snapshot = new CalicoCase(
            Version, CalicoCase.Policy(Version, "NetworkPolicy", "vague", "{selector: app == 'web', types: [Ingress], ingress: [{action: Allow, destination: {ports: [80]}}]}"))
            .Snapshot;
        var filter = PacketFilter.ForCalico(snapshot, new PolicyConversionOptions { CalicoVersion = Version });

        using (Assert.EnterMultipleScope())
        {
            Assert.That(
                () => filter.Find("shop", "web", IPAddress.Parse("10.1.0.10"), Direction.Ingress),
                Throws.TypeOf<NotSupportedException>().With.Message.Contains("shop/web"));
            Assert.That(filter.Find("shop", "db", IPAddress.Parse("10.1.0.20"), Direction.Ingress), Is.Not.Null);
        }
    }
}
