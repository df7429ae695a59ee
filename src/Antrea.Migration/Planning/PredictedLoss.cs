namespace Antrea.Migration.Planning;

/// <summary>Connections that do not come about while a phase lasts.</summary>
/// <param name="Phase">The phase in which both kinds of Pods are there.</param>
/// <param name="From">The clients, in words.</param>
/// <param name="To">The servers, in words.</param>
/// <param name="Place">Where they are to each other, in words.</param>
/// <param name="Pairs">How many pairs of a client and a server that is.</param>
/// <param name="Reason">Why, for one of the pairs.</param>
public sealed record PredictedLoss(MigrationPhase Phase, string From, string To, string Place, long Pairs, string Reason);
