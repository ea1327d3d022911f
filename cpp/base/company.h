// Whether a job of some hundred microseconds that comes again and again is done by one thread or in
// company. What a second one brings depends on who else uses its core, so both ways are tried: the
// other one for a few runs now and then, ever more seldom while it is slower.
#pragma once

namespace fastnn {

class Company {
 public:
  bool next() const { return is_trial() != chosen_; }  // whether the coming run takes company
  void took(double ns);                                // how long that run took

 private:
  static constexpr int kTrial = 4;  // runs: the first ones find threads asleep
  static constexpr int kFirst = 4;  // runs before the first trial: caches are cold
  static constexpr int kLeast = 32, kMost = 1 << 14;  // runs from trial to trial
  static constexpr int kSlow = 2;                     // runs in a row that end company

  bool is_trial() const { return wait_ == 0; }
  void end_trial();
  void choose(bool company);

  bool chosen_ = false;
  double ns_[2] = {0, 0};  // of a run alone and in company, mean of the last ones; 0: not known
  double fastest_ = 0;     // of the trial's runs, 0: none yet
  int wait_ = kFirst;      // runs to the next trial
  int left_ = kTrial;      // runs of the trial
  int interval_ = kLeast;
  int slow_ = 0;
};

}  // namespace fastnn
