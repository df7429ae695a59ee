using System.Collections.Immutable;
using System.Net;
using Antrea.Migration.CalicoApi.Policies;
using Antrea.Migration.Policies.Semantics;

namespace Antrea.Migration.Tests.Policies;

/// <summary>How Calico rewrites a policy's selectors, and which labels they are then put to.</summary>
public sealed class CalicoScopeTests
{
    private const string Ns = "projectcalico.org/namespace";

    [TestCase("", null, null, null, "", null, null)]
    [TestCase("shop", null, null, null, "", null, null)]
    [TestCase("", "has(a)", null, null, "", "has(a)", null)]
    [TestCase("shop", "has(a)", null, null, "", $"({Ns} == \"shop\" && has(a))", null)]
    [TestCase("", null, "has(b)", null, "", null, "has(b)")]
    [TestCase("shop", null, "has(b)", null, "", $"({Ns} == \"shop\" && !has(b))", null)]
    [TestCase("", "has(a)", "has(b)", null, "", "(has(a) && !has(b))", null)]
    [TestCase("shop", null, null, "all()", "", $"has({Ns})", null)]
    [TestCase("shop", null, null, "global()", "", $"!has({Ns})", null)]
    [TestCase("shop", null, null, "!all()", "", $"!has({Ns})", null)]
    [TestCase("", "has(a)", null, "env != 'x' || all()", "", $"((pcns.env != \"x\" || has({Ns})) && has(a))", null)]
    [TestCase("", "all()", null, "has(env)", "", "(has(pcns.env) && all())", null)]
    [TestCase("", "global()", null, null, "", "global()", null)]
    [TestCase("", null, null, null, "all()", "all()", null)]
    [TestCase("shop", null, null, null, "x == 'y'", $"({Ns} == \"shop\" && pcsa.x == \"y\")", null)]
    public void Side_OfARule_IsWrittenOutAsCalicoDoes(
        string policyNamespace, string? selector, string? notSelector, string? namespaceSelector, string accounts, string? positive, string? negative)
    {
        var scope = CalicoScope.Side(
            new CalicoEntity
            {
                Selector = Parse(selector),
                NotSelector = Parse(notSelector),
                NamespaceSelector = Parse(namespaceSelector),
                ServiceAccounts = accounts.Length == 0 ? null : new CalicoServiceAccounts([], Parse(accounts)),
            },
            policyNamespace);
        Assert.That((scope.Positive?.ToString(), scope.Negative?.ToString()), Is.EqualTo((positive, negative)));
    }

    [TestCase(false, null, null, null, $"{Ns} == \"shop\"")]
    [TestCase(false, "has(a)", null, "all()", $"((has(a) && {Ns} == \"shop\") && has(projectcalico.org/serviceaccount))")]
    [TestCase(true, null, null, null, "all()")]
    [TestCase(true, "has(a)", null, null, "has(a)")]
    [TestCase(true, "all()", "env == 'x'", null, $"(has({Ns}) && pcns.env == \"x\")")]
    [TestCase(true, null, "env != 'x'", null, "pcns.env != \"x\"")]
    [TestCase(true, null, "all()", null, $"has({Ns})")]
    [TestCase(true, "all()", null, "x == 'y'", "(has(projectcalico.org/serviceaccount) && pcsa.x == \"y\")")]
    [TestCase(true, "all()", "all()", "all()", $"((has({Ns}) && has({Ns})) && has(projectcalico.org/serviceaccount))")]
    public void Subject_OfAPolicy_IsWrittenOutAsCalicoDoes(
        bool isGlobal, string? selector, string? namespaceSelector, string? serviceAccountSelector, string expected) => Assert.That(
        CalicoScope.Subject(new CalicoPolicy
        {
            IsGlobal = isGlobal,
            Namespace = isGlobal ? "" : "shop",
            Name = "p",
            StoredName = "p",
            Tier = "default",
            Selector = Parse(selector),
            NamespaceSelector = Parse(namespaceSelector),
            ServiceAccountSelector = Parse(serviceAccountSelector),
        }).ToString(),
        Is.EqualTo(expected));

    [TestCase($"{Ns} == 'shop'", "shop")]
    [TestCase($"has(a) && ({Ns} == 'shop' && has(b))", "shop")]
    [TestCase($"{Ns} == 'shop' || has(a)", null)]
    [TestCase($"{Ns} != 'shop'", null)]
    [TestCase($"!{Ns} == 'shop'", null)]
    public void BoundNamespace_OfAnExpression_IsOneThatAllItSelectsHave(string selector, string? expected) =>
        Assert.That(CalicoScope.BoundNamespace(CalicoSelector.Parse(selector).Expression), Is.EqualTo(expected));

    [Test]
    public void EffectiveLabels_OfAPod_CannotBeForged()
    {
        var pod = new PolicyPod(
            "shop",
            "web",
            "web",
            Labels(("app", "web"), ("pcns.env", "forged"), ("pcsa.role", "forged"), (Ns, "forged"), ("projectcalico.org/serviceaccount", "forged")),
            [IPAddress.Parse("10.1.0.10")]);
        var world = new PolicyWorld([pod], ImmutableSortedDictionary<string, ImmutableSortedDictionary<string, string>>.Empty.Add("shop", Labels(("env", "prod"))))
        {
            ServiceAccounts = ImmutableDictionary<(string, string), ImmutableSortedDictionary<string, string>>.Empty.Add(("shop", "web"), Labels(("role", "front"))),
        };
        Assert.That(
            CalicoScope.EffectiveLabels(pod, world).OrderBy(l => l.Key, StringComparer.Ordinal).Select(l => $"{l.Key}={l.Value}"),
            Is.EqualTo(new[]
            {
                "app=web", "pcns.env=prod", "pcns.kubernetes.io/metadata.name=shop", "pcns.projectcalico.org/name=shop", "pcsa.projectcalico.org/name=web",
                "pcsa.role=front", "projectcalico.org/namespace=shop", "projectcalico.org/orchestrator=k8s", "projectcalico.org/serviceaccount=web",
            }));
    }

    private static ImmutableSortedDictionary<string, string> Labels(params (string Key, string Value)[] labels) =>
        labels.ToImmutableSortedDictionary(l => l.Key, l => l.Value, StringComparer.Ordinal);

    private static CalicoSelector? Parse(string? text) => text is null ? null : CalicoSelector.Parse(text);
}
